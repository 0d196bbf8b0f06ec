#include <fmt/format.h>

#include <memory>
#include <string>

#include "command.h"
#include "progress.h"
#include "sql_arguments.h"
#include "velo/api.h"
#include "verb.h"

namespace velo::cli {
namespace {

struct CopyArguments {
  std::string from;
  std::string to;
  std::string config;
};

Status copy_rows(const CopyArguments& arguments, const Interrupts& interrupts) {
  ARROW_ASSIGN_OR_RAISE(const Connections connections,
                        load_connections(arguments.config));
  ARROW_ASSIGN_OR_RAISE(const Uri from, address_of(arguments.from, connections));
  ARROW_ASSIGN_OR_RAISE(const Uri to, address_of(arguments.to, connections));
  ARROW_ASSIGN_OR_RAISE(const auto source, builtin_registry().create_source(from));
  ARROW_ASSIGN_OR_RAISE(const auto sink, builtin_registry().create_sink(to));
  ProgressLine line;
  CopyOptions options;
  Progress so_far;
  options.on_progress = [&](const Progress& progress) {
    so_far = progress;
    line.show(progress);
  };
  const auto done = copy(*source, *sink, options, interrupts.token());
  line.clear();
  if (!done.ok()) {
    return explain_stop(done.status(),
                        fmt::format("{} → {}", redact_uri(from), redact_uri(to)),
                        outcome_of_stop(so_far, *sink));
  }
  fmt::print(stderr, "{}\n", summary_of(*done));
  return Status::OK();
}

}  // namespace

Verb add_copy_verb(CLI::App& program) {
  const auto arguments = std::make_shared<CopyArguments>();
  CLI::App* parser = program.add_subcommand("copy", "Copy all rows of SRC into DST");
  add_address(*parser, "SRC", arguments->from, "URI or path to read; - is standard input")
      ->required();
  add_address(*parser, "DST", arguments->to, "URI or path to write; - is standard output")
      ->required();
  add_config_option(*parser, arguments->config);
  return {parser, [arguments] {
            const Interrupts interrupts;
            const Status status = copy_rows(*arguments, interrupts);
            return status.ok() ? static_cast<int>(kDone) : report(status);
          }};
}

}  // namespace velo::cli
