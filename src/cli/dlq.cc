#include <memory>
#include <string>

#include "column_names.h"
#include "command.h"
#include "copy_pair.h"
#include "copy_runs.h"
#include "dlq.h"
#include "monitor.h"
#include "monitor_arguments.h"
#include "pipeline_arguments.h"
#include "sql_arguments.h"
#include "velo/api.h"
#include "verb.h"

namespace velo::cli {
namespace {

constexpr char kReplay[] = "replay";

struct DlqArguments {
  std::string action;
  std::string from;
  std::string to;
  std::string format;
  std::string schema;
  std::string delimiter;
  std::string columns;
  std::string pipeline;
  std::string since;
  std::string retry_for;
  std::string memory;
  std::string config;
  MonitorArguments monitor;

  ReplayOptions options() const {
    const auto given = [](const std::string& text) {
      return text.empty() ? std::nullopt : std::optional(text);
    };
    return {.format = given(format),
            .schema = given(schema),
            .delimiter = given(delimiter),
            .columns = columns.empty() ? std::nullopt : std::optional(names_in(columns)),
            .pipeline = given(pipeline),
            .since = given(since)};
  }
};

// Who runs it again goes on with what was bad still, whatever is said of it now.
Result<RunOptions> run_options_of(const DlqArguments& arguments,
                                  const Connections& connections) {
  RunOptions options;
  for (const auto& [name, value] : connections.pipeline_options()) {
    if (name != "memory" && name != "retry_for") continue;
    ARROW_RETURN_NOT_OK(annotate(options.set(name, value), "[pipeline]"));
  }
  if (!arguments.memory.empty()) {
    ARROW_RETURN_NOT_OK(options.set("memory", arguments.memory));
  }
  if (!arguments.retry_for.empty()) {
    ARROW_RETURN_NOT_OK(options.set("retry_for", arguments.retry_for));
  }
  options.on_error = OnError::kSkip;
  options.replace = true;
  return options;
}

Status replay(const DlqArguments& arguments, Monitor& monitor,
              const Interrupts& interrupts) {
  ARROW_ASSIGN_OR_RAISE(const Connections connections,
                        load_connections(arguments.config));
  ARROW_ASSIGN_OR_RAISE(const Uri from, address_of(arguments.from, connections));
  ARROW_ASSIGN_OR_RAISE(const Uri to, address_of(arguments.to, connections));
  CopyPair pair{.from = redact_uri(from), .to = redact_uri(to)};
  ARROW_ASSIGN_OR_RAISE(pair.options, run_options_of(arguments, connections));
  ARROW_ASSIGN_OR_RAISE(pair.source,
                        replay_source(from, arguments.options(), registry()));
  ARROW_ASSIGN_OR_RAISE(pair.sink, registry().create_sink(to));
  ARROW_RETURN_NOT_OK(check_is_elsewhere(from, *pair.sink, registry()));
  ARROW_ASSIGN_OR_RAISE(pair.identity, replay_pipeline(*pair.sink));
  return copy_one(pair, monitor, interrupts.token());
}

}  // namespace

std::vector<std::string> dlq_actions() { return {kReplay}; }

Verb add_dlq_verb(CLI::App& program) {
  const auto arguments = std::make_shared<DlqArguments>();
  CLI::App* parser =
      program.add_subcommand("dlq", "Give bad records that were kept another try");
  parser
      ->add_option("ACTION", arguments->action,
                   "replay: move the records that are good now, once each")
      ->required()
      ->check(CLI::IsMember(dlq_actions()));
  add_address(*parser, "LETTERS", arguments->from,
              "Where they are kept: what --on-error had")
      ->required();
  add_address(*parser, "DST", arguments->to, "URI of the sink that they are for")
      ->required();
  parser->add_option(
      "--schema", arguments->schema,
      "The columns of the records, as schema= of their source; of CSV all, "
      "in their order");
  parser->add_option("--format", arguments->format,
                     "csv or json (what the name of their file says, else json)");
  parser->add_option("--delimiter", arguments->delimiter,
                     "Of CSV: between two values (, or of .tsv a tab)");
  parser->add_option("--columns", arguments->columns,
                     "The columns to write: id,\"a,b\" (those of the pipeline's rows)");
  parser->add_option("--pipeline", arguments->pipeline, "Of this pipeline alone");
  parser->add_option("--since", arguments->since,
                     "Found at this time (2026-01-31T12:00:00Z) or later");
  parser->add_option("--retry-for", arguments->retry_for,
                     "How long to try again what may pass, a lost connection (5min)");
  add_memory_option(*parser, arguments->memory);
  add_config_option(*parser, arguments->config);
  add_monitor_options(*parser, arguments->monitor);
  return {parser, [arguments] {
            const Interrupts interrupts;
            const auto monitor = Monitor::open(arguments->monitor);
            if (!monitor.ok()) return report(monitor.status());
            const Status status = replay(*arguments, **monitor, interrupts);
            return status.ok() ? interrupts.exit_code() : (*monitor)->fail({}, status);
          }};
}

}  // namespace velo::cli
