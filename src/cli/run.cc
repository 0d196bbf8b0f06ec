#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "command.h"
#include "commit_observer.h"
#include "copy_pair.h"
#include "failures.h"
#include "monitor.h"
#include "monitor_arguments.h"
#include "pipeline_arguments.h"
#include "sql_arguments.h"
#include "velo/api.h"
#include "verb.h"

namespace velo::cli {
namespace {

struct RunArguments {
  SqlArguments sql;
  PipelineArguments pipeline;
  MonitorArguments monitor;
  std::string to = "-";
  bool fail_fast = false;
};

std::string_view name_of(StatementKind kind) {
  switch (kind) {
    case StatementKind::kSelect:
      return "SELECT";
    case StatementKind::kInsert:
      return "INSERT";
    case StatementKind::kCreate:
      return "CREATE";
    case StatementKind::kExplain:
      return "EXPLAIN";
    default:
      return "DESCRIBE";
  }
}

std::string what_of(const StatementResult& result) {
  std::string what =
      result.name.empty() ? std::string(name_of(result.kind)) : result.name;
  if (!result.sinks.empty()) what += fmt::format(" → {}", fmt::join(result.sinks, ", "));
  return what + ": ";
}

std::vector<LogField> fields_of(const StatementResult& result) {
  std::vector<LogField> fields = {{"place", result.place},
                                  {"statement", name_of(result.kind)}};
  if (!result.name.empty()) fields.push_back({"name", result.name});
  if (!result.stream.empty()) fields.push_back({"stream", result.stream});
  return fields;
}

// What a statement does with one of its sinks; its rows go to `to` where it has none.
PipelineKey key_of(const StatementResult& result, const Uri& to) {
  const auto& sinks = result.sinks;
  return {result.pipeline,
          sinks.empty() ? redact_uri(to) : fmt::format("{}", fmt::join(sinks, ", "))};
}

void tell_of(const StatementResult& result, const Uri& to, Monitor& monitor) {
  const bool is_view = result.kind == StatementKind::kCreate && result.sinks.empty();
  if (!result.skipped && !is_view) {
    return monitor.end(key_of(result, to), result.progress, what_of(result),
                       fields_of(result));
  }
  log().write({.name = result.skipped ? "skipped" : "named",
               .message = fmt::format(
                   "{}: {}", result.name,
                   result.skipped ? "is there already" : "named for later statements"),
               .fields = fields_of(result)});
}

void tell_of_wait(const StatementResult& result, const std::string& name) {
  log().write(
      {.name = "waits",
       .message = fmt::format("{}waits for the first rows of {}", what_of(result), name),
       .fields = fields_of(result)});
}

Status run_statements(const RunArguments& arguments, Monitor& monitor,
                      const Interrupts& interrupts, Failures& failures) {
  ARROW_ASSIGN_OR_RAISE(const SqlScript script, read_script(arguments.sql));
  ARROW_ASSIGN_OR_RAISE(SessionOptions session_options,
                        session_options_of(arguments.sql));
  ARROW_ASSIGN_OR_RAISE(const Uri to,
                        address_of(arguments.to, session_options.connections));
  ARROW_ASSIGN_OR_RAISE(const auto results, registry().create_sink(to));
  session_options.pipeline_options = arguments.pipeline.given();
  session_options.observer = commit_observer();
  Session session(std::move(session_options));
  ExecuteOptions options;
  options.name = script.name;
  options.results = results.get();
  options.measure_lag = monitor.shows_lag();
  options.on_start = [&](const StatementResult& result) {
    monitor.start(
        {key_of(result, to), fmt::format("{}", fmt::join(result.sources, ", "))});
  };
  options.on_progress = [&](const StatementResult& result) {
    monitor.progress(key_of(result, to), result.progress);
  };
  options.on_retry = [&](const StatementResult& result, const Retry& retry) {
    monitor.retry(key_of(result, to), retry);
  };
  options.on_ddl = [&](const StatementResult& result, std::string_view statement) {
    monitor.ddl(key_of(result, to), statement);
  };
  options.fail_fast = arguments.fail_fast;
  options.on_wait = tell_of_wait;
  options.on_left_out = [](const StatementResult&, const std::string& what) {
    warn_of_left_out({what});
  };
  options.on_record_left = [&](const std::string& why) { monitor.record_left("", why); };
  options.on_failure = [&](const StatementResult& result, const Status& status) {
    failures.add(monitor.fail(key_of(result, to), status));
  };
  options.on_statement = [&](const StatementResult& result) {
    tell_of(result, to, monitor);
  };
  return session.execute(script.text, options, interrupts.token());
}

}  // namespace

Verb add_run_verb(CLI::App& program) {
  const auto arguments = std::make_shared<RunArguments>();
  CLI::App* parser = program.add_subcommand("run", "Run the SQL statements of FILE");
  add_sql_options(*parser, arguments->sql, "FILE",
                  "File of statements; - is standard input");
  add_address(*parser, "--to", arguments->to,
              "URI for the rows of SELECT, EXPLAIN and DESCRIBE (standard output)");
  parser->add_flag("--fail-fast", arguments->fail_fast,
                   "End all statements when one fails (those that do not read it go on)");
  add_pipeline_options(*parser, arguments->pipeline);
  add_monitor_options(*parser, arguments->monitor);
  return {parser, [arguments] {
            const Interrupts interrupts;
            const auto monitor = Monitor::open(arguments->monitor);
            if (!monitor.ok()) return report(monitor.status());
            Failures failures;
            const Status status =
                run_statements(*arguments, **monitor, interrupts, failures);
            if (const auto worst = failures.worst()) return *worst;
            return status.ok() ? interrupts.exit_code() : (*monitor)->fail({}, status);
          }};
}

}  // namespace velo::cli
