#include <fmt/format.h>

#include <memory>
#include <string>

#include "command.h"
#include "commit_observer.h"
#include "pipeline_arguments.h"
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
  PipelineArguments pipeline;
};

// The same run where it reads and writes the same.
PipelineIdentity identity_of(const Uri& from, const Uri& to, DataSource& source,
                             DataSink& sink, const RunOptions& options) {
  const SplitSource* splits = source.splits();
  TransactionalSink* transactions = sink.transactions();
  const std::string limit = options.limit ? fmt::format("LIMIT {}", *options.limit) : "";
  return unnamed_run(splits ? splits->identity() : redact_uri(from), limit,
                     transactions ? transactions->identity() : redact_uri(to));
}

Status copy_rows(const CopyArguments& arguments, const Interrupts& interrupts) {
  ARROW_ASSIGN_OR_RAISE(const Connections connections,
                        load_connections(arguments.config));
  ARROW_ASSIGN_OR_RAISE(const Uri from, address_of(arguments.from, connections));
  ARROW_ASSIGN_OR_RAISE(const Uri to, address_of(arguments.to, connections));
  ARROW_ASSIGN_OR_RAISE(const auto source, builtin_registry().create_source(from));
  ARROW_ASSIGN_OR_RAISE(const auto sink, builtin_registry().create_sink(to));
  ProgressLine line;
  RunOptions options;
  for (const auto& [name, value] : connections.pipeline_options()) {
    ARROW_RETURN_NOT_OK(annotate(options.set(name, value), "[pipeline]"));
  }
  for (const auto& [name, value] : arguments.pipeline.given()) {
    ARROW_RETURN_NOT_OK(options.set(name, value));
  }
  options.observer = commit_observer();
  Progress so_far;
  options.on_progress = [&](const Progress& progress) {
    so_far = progress;
    line.show(progress);
  };
  options.on_retry = [&](const Retry& retry) { line.tell(retry); };
  const auto done = run(*source, *sink, identity_of(from, to, *source, *sink, options),
                        options, interrupts.token());
  line.clear();
  if (!done.ok()) {
    return explain_stop(done.status(),
                        fmt::format("{} → {}", redact_uri(from), redact_uri(to)),
                        outcome_of_stop(so_far, *sink));
  }
  fmt::print(stderr, "{}\n", summary_of(*done));
  if (!done->notice.empty()) fmt::print(stderr, "{}\n", notice_of(*done));
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
  add_pipeline_options(*parser, arguments->pipeline);
  add_config_option(*parser, arguments->config);
  return {parser, [arguments] {
            const Interrupts interrupts;
            const Status status = copy_rows(*arguments, interrupts);
            return status.ok() ? interrupts.exit_code() : report(status);
          }};
}

}  // namespace velo::cli
