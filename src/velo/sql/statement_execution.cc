#include "velo/sql/statement_execution.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/run_group.h"
#include "velo/sql/runs_together.h"
#include "velo/sql/statement_runs.h"
#include "velo/streams.h"

namespace velo::sql {

StatementExecution::StatementExecution(StatementContext& context,
                                       const ExecuteOptions& options,
                                       const std::stop_token& stop)
    : context_(context),
      options_(options),
      stop_(stop),
      running_(options.fail_fast, stop) {}

Status StatementExecution::execute(const std::vector<Statement>& statements) {
  ARROW_RETURN_NOT_OK(context_.divide_memory(
      statements, count_runs_together(context_, statements, running_.stop())));
  for (const Statement& statement : statements) {
    // Of what another's failure has ended, that one tells.
    if (running_.stop().stop_requested() && !stop_.stop_requested()) break;
    StatementResult result = result_of(statement);
    const Status status = execute_beside(statement, result);
    if (status.ok()) continue;
    const bool has_name =
        context_.planner().has_name(statement.name);  // of one before it
    failed(has_name ? "" : ascii_lower(statement.name), result, status);
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
  ARROW_ASSIGN_OR_RAISE(StatementRuns opened,
                        open_runs(context_, statement, {.results = options_.results},
                                  result, running_.stop()));
  const bool has_sinks = !statement.sinks.empty() && !statement.explain;
  const bool goes_on = has_sinks && opened.go_on();
  for (const StatementRun& run : opened.runs) {
    ARROW_RETURN_NOT_OK(check_runs_once(statement, run, goes_on));
  }
  for (const std::string& what : opened.left_out) {
    if (options_.on_left_out) options_.on_left_out(result, what);
  }
  if (goes_on) {
    ARROW_RETURN_NOT_OK(check_number(statement, opened.runs.size()));
    ARROW_RETURN_NOT_OK(context_.only_name(statement));
    start_all(statement, std::move(opened.runs));
    return Status::OK();
  }
  ARROW_RETURN_NOT_OK(run_all(statement, opened.runs, result));
  return has_sinks ? context_.only_name(statement) : Status::OK();
}

Status StatementExecution::check_number(const Statement& statement, size_t num_runs) {
  num_going_on_ += num_runs;
  if (num_going_on_ <= kMostStreamsBeside) return Status::OK();
  return statement.text.error_at(
      0, ErrorKind::kInvalidArgument,
      fmt::format("with these {} that go on there would be {}, and {} at most can beside "
                  "each other in one process: name fewer, or end them where they are now "
                  "(once = true), one after another",
                  num_runs, num_going_on_, kMostStreamsBeside));
}

// Two processes of a pipeline would end each other, and so would two threads.
Status StatementExecution::check_runs_once(const Statement& statement,
                                           const StatementRun& run, bool goes_on) {
  const std::string what =
      fmt::format("{} → {}", run.name.empty() ? run.pipeline.id : run.name,
                  fmt::join(run.result.sinks, ", "));
  const auto runs = going_on_.find(what);
  if (runs != going_on_.end()) {
    return statement.text.error_at(
        0, ErrorKind::kAlreadyExists,
        fmt::format("the statement at {} is the same pipeline, and runs", runs->second));
  }
  if (goes_on) going_on_.emplace(what, run.result.place);
  return Status::OK();
}

// Rows that never end. Who reads the name of the statement reads its first sink.
void StatementExecution::start_all(const Statement& statement,
                                   std::vector<StatementRun> runs) {
  std::string name = ascii_lower(statement.name);
  for (StatementRun& run : runs) start(std::exchange(name, ""), std::move(run));
}

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

// Rows that end, into one sink after another: one that fails does not keep the others
// from it. Of a single one the caller tells that it has failed.
Status StatementExecution::run_all(const Statement& statement,
                                   std::vector<StatementRun>& runs,
                                   StatementResult& result) {
  if (runs.size() == 1) {
    const Status moved = runs.front().move_rows(options_, running_.stop());
    result = runs.front().result;
    if (moved.ok() && options_.on_statement) options_.on_statement(result);
    return moved;
  }
  if (statement.name.empty()) return run_group(statement, runs);
  std::string name = ascii_lower(statement.name);
  size_t num_begun = 0;
  for (; num_begun < runs.size() && !running_.stop().stop_requested(); ++num_begun) {
    (void)run_one(runs[num_begun], std::exchange(name, ""));
  }
  tell_of_stop(statement, runs, num_begun);
  return Status::OK();
}

// Of those that a stop has kept from beginning. What another's failure has ended, that
// one tells.
void StatementExecution::tell_of_stop(const Statement& statement,
                                      const std::vector<StatementRun>& runs,
                                      size_t num_begun) {
  if (!stop_.stop_requested()) return;
  for (size_t i = num_begun; i < runs.size(); ++i) {
    const StatementResult& result = runs[i].result;
    failed("", result,
           statement.text.error_at(
               0, ErrorKind::kCancelled,
               fmt::format("{} → {}: not run: stopped before it had begun", result.place,
                           fmt::join(result.sinks, ", "))));
  }
}

// Without a name they are finished when all are: where one fails or is stopped, the
// others are known to be when the statement is run again.
Status StatementExecution::run_group(const Statement& statement,
                                     std::vector<StatementRun>& runs) {
  std::vector<GroupedRun> grouped;
  for (const StatementRun& run : runs) {
    grouped.push_back({run.source.get(), run.sink.get(), run.pipeline, &run.options});
  }
  RunGroup group(std::move(grouped));
  for (size_t i = 0; i < runs.size(); ++i) {
    runs[i].options.on_taken_over = [this, &group, i](const CommitRecord& record) {
      return group.took_over(i, record, running_.stop());
    };
  }
  // Of what is done for all of them, the end.
  if (options_.on_retry && !runs.empty()) {
    runs.front().options.on_retry = [this, &first = runs.front()](const Retry& retry) {
      options_.on_retry(first.result, retry);
    };
  }
  size_t num_begun = 0;
  const auto run_by = [&](size_t index, const PipelineIdentity& identity) {
    num_begun = index + 1;
    runs[index].pipeline = identity;
    return run_one(runs[index], "");
  };
  ARROW_ASSIGN_OR_RAISE(const auto outcome, group.run_all(run_by, running_.stop()));
  if (outcome.num_done < runs.size()) tell_of_stop(statement, runs, num_begun);
  if (!outcome.record_left.empty() && options_.on_record_left) {
    options_.on_record_left(outcome.record_left);
  }
  return Status::OK();
}

// OK where it has come to its end. What has failed was told.
Status StatementExecution::run_one(StatementRun& run, const std::string& name) {
  const Status moved = run.move_rows(options_, running_.stop());
  if (!moved.ok()) {
    failed(name, run.result, moved);
    return moved;
  }
  if (options_.on_statement) options_.on_statement(run.result);
  return run.result.progress.stopped ? make_error(ErrorKind::kCancelled, {}, "stopped")
                                     : Status::OK();
}

void StatementExecution::failed(const std::string& name, const StatementResult& result,
                                const Status& status) {
  running_.failed(name, status);
  if (options_.on_failure) options_.on_failure(result, status);
}

}  // namespace velo::sql
