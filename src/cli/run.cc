#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <optional>
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

struct RunArguments {
  SqlArguments sql;
  PipelineArguments pipeline;
  std::string to = "-";
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

std::string summary_of_statement(const StatementResult& result) {
  const std::string what =
      result.name.empty() ? std::string(name_of(result.kind)) : result.name;
  if (result.skipped) return fmt::format("{}: is there already", what);
  if (result.kind == StatementKind::kCreate && result.sinks.empty()) {
    return fmt::format("{}: named for later statements", what);
  }
  if (result.sinks.empty())
    return fmt::format("{}: {}", what, summary_of(result.progress));
  return fmt::format("{} → {}: {}", what, fmt::join(result.sinks, ", "),
                     summary_of(result.progress));
}

Status run_statements(const RunArguments& arguments, const Interrupts& interrupts) {
  ARROW_ASSIGN_OR_RAISE(const SqlScript script, read_script(arguments.sql));
  ARROW_ASSIGN_OR_RAISE(SessionOptions session_options,
                        session_options_of(arguments.sql));
  ARROW_ASSIGN_OR_RAISE(const Uri to,
                        address_of(arguments.to, session_options.connections));
  ARROW_ASSIGN_OR_RAISE(const auto results, builtin_registry().create_sink(to));
  session_options.pipeline_options = arguments.pipeline.given();
  session_options.observer = commit_observer();
  Session session(std::move(session_options));
  ProgressLine line;
  ExecuteOptions options;
  options.name = script.name;
  options.results = results.get();
  options.on_progress = [&](const Progress& progress) { line.show(progress); };
  options.on_retry = [&](const Retry& retry) { line.tell(retry); };
  options.on_statement = [&](const StatementResult& result) {
    line.clear();
    fmt::print(stderr, "{}\n", summary_of_statement(result));
    if (!result.progress.notice.empty()) {
      fmt::print(stderr, "{}\n", notice_of(result.progress));
    }
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
  add_pipeline_options(*parser, arguments->pipeline);
  return {parser, [arguments] {
            const Interrupts interrupts;
            const Status status = run_statements(*arguments, interrupts);
            return status.ok() ? interrupts.exit_code() : report(status);
          }};
}

}  // namespace velo::cli
