#include "velo/sql/statement_execution.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/sql/statement_runs.h"

namespace velo::sql {

StatementExecution::StatementExecution(StatementContext& context,
                                       const ExecuteOptions& options,
                                       const std::stop_token& stop)
    : context_(context),
      options_(options),
      stop_(stop),
      running_(options.fail_fast, stop) {}

Status StatementExecution::execute(const std::vector<Statement>& statements) {
  context_.share_memory(statements);
  for (const Statement& statement : statements) {
    // Of what another's failure has ended, that one tells.
    if (running_.stop().stop_requested() && !stop_.stop_requested()) break;
    StatementResult result = result_of(statement);
    const Status status = execute_beside(statement, result);
    if (status.ok()) continue;
    const bool has_name =
        context_.planner().has_name(statement.name);  // of one before it
    running_.failed(has_name ? "" : ascii_lower(statement.name), status);
    if (options_.on_failure) options_.on_failure(result, status);
    if (options_.fail_fast || stop_.stop_requested()) break;
  }
  return running_.wait_for_all();
}

// One of several, after those that it reads from.
Status StatementExecution::execute_beside(const Statement& statement,
                                          StatementResult& result) {
  ARROW_RETURN_NOT_OK(wait_for_what_is_read(statement, result));
  if (running_.stop().stop_requested()) {
    return statement.text.error_at(0, ErrorKind::kCancelled,
                                   "not run: stopped before it had begun");
  }
  ARROW_RETURN_NOT_OK(context_.options_of(statement));
  const bool is_create = statement.kind == Statement::Kind::kCreate && !statement.explain;
  if (is_create) {
    ARROW_ASSIGN_OR_RAISE(result.skipped, context_.is_there(statement));
  }
  const bool is_view = is_create && statement.sinks.empty();
  if (!result.skipped && !is_view) return move_rows(statement, result);
  if (!result.skipped) ARROW_RETURN_NOT_OK(context_.only_name(statement));
  if (options_.on_statement) options_.on_statement(result);
  return Status::OK();
}

// Statements that it names: a failed one has not written what it was to, and of one that
// runs there may be nothing yet.
Status StatementExecution::wait_for_what_is_read(const Statement& statement,
                                                 const StatementResult& result) {
  if (!statement.select.script) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto names, context_.planner().names_in(statement.select));
  for (const std::string& name : names) {
    if (running_.is_to_be_waited_for(name)) {
      if (options_.on_wait) options_.on_wait(result, name);
      running_.wait_for_commit(name);
    }
    if (running_.has_failed(name)) {
      return statement.text.error_at(
          0, ErrorKind::kCancelled,
          fmt::format("not run: it reads {}, which has failed", name));
    }
  }
  return Status::OK();
}

Status StatementExecution::move_rows(const Statement& statement,
                                     StatementResult& result) {
  ARROW_ASSIGN_OR_RAISE(StatementRun run,
                        open_run(context_, statement, options_.results, result));
  const bool goes_on = !statement.sinks.empty() && run.goes_on();
  ARROW_RETURN_NOT_OK(check_runs_once(statement, run, goes_on));
  if (goes_on) {
    ARROW_RETURN_NOT_OK(context_.only_name(statement));
    start(ascii_lower(statement.name), std::move(run));
    return Status::OK();
  }
  const Status moved = run.move_rows(options_, running_.stop());
  result = run.result;
  ARROW_RETURN_NOT_OK(moved);
  if (!statement.sinks.empty()) ARROW_RETURN_NOT_OK(context_.only_name(statement));
  if (options_.on_statement) options_.on_statement(result);
  return Status::OK();
}

// Two processes of a pipeline would end each other, and so would two threads.
Status StatementExecution::check_runs_once(const Statement& statement,
                                           const StatementRun& run, bool goes_on) {
  const std::string what =
      fmt::format("{} → {}", run.pipeline.id, fmt::join(run.result.sinks, ", "));
  const auto runs = going_on_.find(what);
  if (runs != going_on_.end()) {
    return statement.text.error_at(
        0, ErrorKind::kAlreadyExists,
        fmt::format("the statement at {} is the same pipeline, and runs", runs->second));
  }
  if (goes_on) going_on_.emplace(what, run.result.place);
  return Status::OK();
}

// A statement whose rows never end.
void StatementExecution::start(const std::string& name, StatementRun run) {
  const auto shared = std::make_shared<StatementRun>(std::move(run));
  running_.start(name, [this, name, shared](const std::stop_token& stop) {
    ExecuteOptions beside = options_;
    beside.on_progress = [&](const StatementResult& result) {
      const Progress& progress = result.progress;
      if (progress.num_commits > 0 || progress.num_rows_before > 0) {
        running_.committed(name);
      }
      if (options_.on_progress) options_.on_progress(result);
    };
    const Status moved = shared->move_rows(beside, stop);
    if (moved.ok() && options_.on_statement) options_.on_statement(shared->result);
    if (!moved.ok() && options_.on_failure) options_.on_failure(shared->result, moved);
    return moved;
  });
}

}  // namespace velo::sql
