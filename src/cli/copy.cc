#include <fmt/format.h>

#include <memory>
#include <string>

#include "command.h"
#include "commit_observer.h"
#include "copy_pair.h"
#include "monitor.h"
#include "monitor_arguments.h"
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
  MonitorArguments monitor;
};

Status copy_rows(const CopyArguments& arguments, Monitor& monitor,
                 const Interrupts& interrupts) {
  ARROW_ASSIGN_OR_RAISE(CopyPair pair, open_copy(arguments.from, arguments.to,
                                                 arguments.config, arguments.pipeline));
  const std::string& id = pair.identity.id;
  RunOptions& options = pair.options;
  options.observer = commit_observer();
  Progress so_far;
  options.on_progress = [&](const Progress& progress) {
    so_far = progress;
    monitor.progress(id, progress);
  };
  options.on_retry = [&](const Retry& retry) { monitor.retry(id, retry); };
  options.on_ddl = [&](std::string_view statement) { monitor.ddl(id, statement); };
  options.measure_lag = monitor.shows_lag();
  monitor.start({id, pair.from, pair.to});
  const auto done =
      run(*pair.source, *pair.sink, pair.identity, options, interrupts.token());
  if (!done.ok()) {
    return explain_stop(done.status(), fmt::format("{} → {}", pair.from, pair.to),
                        outcome_of_stop(so_far, *pair.sink));
  }
  monitor.end(id, *done, "", {});
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
  add_memory_option(*parser, arguments->pipeline.memory);
  add_config_option(*parser, arguments->config);
  add_monitor_options(*parser, arguments->monitor);
  return {parser, [arguments] {
            const Interrupts interrupts;
            const auto monitor = Monitor::open(arguments->monitor);
            if (!monitor.ok()) return report(monitor.status());
            const Status status = copy_rows(*arguments, **monitor, interrupts);
            return status.ok() ? interrupts.exit_code() : (*monitor)->fail({}, status);
          }};
}

}  // namespace velo::cli
