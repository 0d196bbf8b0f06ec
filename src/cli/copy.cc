#include <fmt/format.h>

#include <memory>
#include <string>

#include "command.h"
#include "commit_observer.h"
#include "copy_pair.h"
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

Status copy_rows(const CopyArguments& arguments, const Interrupts& interrupts) {
  ARROW_ASSIGN_OR_RAISE(CopyPair pair, open_copy(arguments.from, arguments.to,
                                                 arguments.config, arguments.pipeline));
  ProgressLine line;
  RunOptions& options = pair.options;
  options.observer = commit_observer();
  Progress so_far;
  options.on_progress = [&](const Progress& progress) {
    so_far = progress;
    line.show(progress);
  };
  options.on_retry = [&](const Retry& retry) { line.tell(retry); };
  const auto done =
      run(*pair.source, *pair.sink, pair.identity, options, interrupts.token());
  line.clear();
  if (!done.ok()) {
    return explain_stop(done.status(), fmt::format("{} → {}", pair.from, pair.to),
                        outcome_of_stop(so_far, *pair.sink));
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
