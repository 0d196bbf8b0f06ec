#include <memory>
#include <string>

#include "command.h"
#include "copy_pair.h"
#include "copy_runs.h"
#include "failures.h"
#include "monitor.h"
#include "monitor_arguments.h"
#include "pipeline_arguments.h"
#include "sql_arguments.h"
#include "velo/api.h"
#include "verb.h"

namespace velo::cli {
namespace {

struct CopyArguments {
  std::string from;
  std::string to;
  std::string config;
  bool fail_fast = false;
  PipelineArguments pipeline;
  MonitorArguments monitor;
};

Status copy_rows(const CopyArguments& arguments, Monitor& monitor, Failures& failures,
                 const Interrupts& interrupts) {
  ARROW_ASSIGN_OR_RAISE(CopyPairs opened,
                        open_copies(arguments.from, arguments.to, arguments.config,
                                    arguments.pipeline, interrupts.token()));
  warn_of_left_out(opened.left_out);
  return copy_all({.pairs = opened.pairs,
                   .monitor = monitor,
                   .fail_fast = arguments.fail_fast,
                   .failures = failures},
                  interrupts.token());
}

}  // namespace

Verb add_copy_verb(CLI::App& program) {
  const auto arguments = std::make_shared<CopyArguments>();
  CLI::App* parser = program.add_subcommand("copy", "Copy all rows of SRC into DST");
  add_address(*parser, "SRC", arguments->from, "URI or path to read; - is standard input")
      ->required();
  add_address(*parser, "DST", arguments->to, "URI or path to write; - is standard output")
      ->required();
  parser->add_flag("--fail-fast", arguments->fail_fast,
                   "Of a source of several streams: end all of them when one fails");
  add_pipeline_options(*parser, arguments->pipeline);
  parser->get_option("--refresh")->group("");  // which is refused, and not shown
  add_memory_option(*parser, arguments->pipeline.memory);
  add_config_option(*parser, arguments->config);
  add_monitor_options(*parser, arguments->monitor);
  return {parser, [arguments] {
            const Interrupts interrupts;
            const auto monitor = Monitor::open(arguments->monitor);
            if (!monitor.ok()) return report(monitor.status());
            Failures failures;
            const Status status = copy_rows(*arguments, **monitor, failures, interrupts);
            if (!status.ok()) failures.add((*monitor)->fail({}, status));
            if (const auto worst = failures.worst()) return *worst;
            return interrupts.exit_code();
          }};
}

}  // namespace velo::cli
