#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/columnar/schema_text.h"
#include "velo/engine/limited_source.h"
#include "velo/engine/memory_shares.h"
#include "velo/sql.h"
#include "velo/sql/canonical_text.h"
#include "velo/sql/explain.h"
#include "velo/sql/fan_out_sink.h"
#include "velo/sql/pipeline_options.h"
#include "velo/sql/plan_source.h"
#include "velo/sql/rows_source.h"
#include "velo/sql/running_statements.h"
#include "velo/sql/select_planner.h"
#include "velo/sql/statement.h"
#include "velo/sql/statement_ends.h"
#include "velo/sql/statement_run.h"

namespace velo {

using sql::Address;
using sql::Script;
using sql::SelectPlan;
using sql::Sinks;
using sql::Statement;

namespace {

StatementKind kind_of_statement(const Statement& statement) {
  if (statement.explain) return StatementKind::kExplain;
  switch (statement.kind) {
    case Statement::Kind::kSelect:
      return StatementKind::kSelect;
    case Statement::Kind::kInsert:
      return StatementKind::kInsert;
    case Statement::Kind::kCreate:
      return StatementKind::kCreate;
    default:
      return StatementKind::kDescribe;
  }
}

Status error_at(const Statement& statement, ErrorKind kind, std::string_view message) {
  return statement.text.error_at(0, kind, message);
}

std::string place_of(const Statement& statement) {
  return statement.text.script->place_of(statement.text.begin);
}

// The rows that a statement with this limit has.
std::unique_ptr<DataSource> first_rows(std::unique_ptr<DataSource> rows,
                                       std::optional<int64_t> limit) {
  return limit ? engine::limit_rows(std::move(rows), *limit) : std::move(rows);
}

// What fan_out_sink.h makes of a sink's own promise.
void no_record_of_several(const RunOptions& options, RunPlan& plan) {
  plan.guarantee = Guarantee::kAtLeastOnce;
  plan.why = "several sinks keep no position together yet: each run starts anew";
  if (options.guarantee == Guarantee::kExactlyOnce && plan.obstacle.ok()) {
    plan.obstacle = make_error(ErrorKind::kInvalidArgument, {},
                               "guarantee = exactly_once: " + plan.why);
  }
  plan.begins = "at the beginning of the source";
  plan.keeps.clear();
}

bool is_named_pipeline(const Statement& statement) {
  return statement.kind == Statement::Kind::kCreate && !statement.explain &&
         !statement.sinks.empty();
}

}  // namespace

class Session::State {
 public:
  explicit State(SessionOptions options)
      : options_(std::move(options)),
        ends_(*options_.registry, options_.connections, defaults_),
        planner_(*options_.registry, options_.connections,
                 {.memory_bytes = kDefaultMemoryBytes / 2,
                  .num_threads = options_.num_threads,
                  .short_cut = options_.short_cut}) {}

  // What holds where a statement says nothing.
  Status read_defaults(const std::vector<Statement>& statements) {
    auto in_file =
        sql::read_pipeline_defaults({}, options_.connections.pipeline_options());
    ARROW_RETURN_NOT_OK(annotate(in_file.status(), "[pipeline]"));
    ARROW_ASSIGN_OR_RAISE(
        defaults_, sql::read_pipeline_defaults(*in_file, options_.pipeline_options));
    if (options_.memory_bytes) defaults_.memory_bytes = options_.memory_bytes;
    defaults_.observer = options_.observer;
    int64_t least = engine::memory_of(defaults_);
    for (const Statement& statement : statements) {
      const auto options = sql::read_pipeline_options(statement, defaults_);
      if (options.ok()) least = std::min(least, engine::memory_of(*options));
    }
    // The other half is for reading, the queues and writing.
    planner_.limit_memory(least / 2);
    return Status::OK();
  }

  // All of them, in their order: what never ends runs beside what follows.
  Status execute(const std::vector<Statement>& statements, const ExecuteOptions& execute,
                 const std::stop_token& stop) {
    share_memory(statements);
    going_on_.clear();
    sql::RunningStatements running(execute.fail_fast, stop);
    for (const Statement& statement : statements) {
      // Of what another's failure has ended, that one tells.
      if (running.stop().stop_requested() && !stop.stop_requested()) break;
      StatementResult result = result_of(statement);
      const Status status = execute_beside(statement, execute, running, result);
      if (status.ok()) continue;
      const bool has_name = planner_.has_name(statement.name);  // of one before it
      running.failed(has_name ? "" : ascii_lower(statement.name), status);
      if (execute.on_failure) execute.on_failure(result, status);
      if (execute.fail_fast || stop.stop_requested()) break;
    }
    return running.wait_for_all();
  }

  Result<StatementPlan> plan(const Statement& statement, const std::stop_token& stop) {
    StatementPlan planned{.kind = kind_of_statement(statement),
                          .name = statement.name,
                          .place = place_of(statement)};
    ARROW_ASSIGN_OR_RAISE(const RunOptions options,
                          sql::read_pipeline_options(statement, defaults_));
    if (statement.kind == Statement::Kind::kCreate) {
      planned.obstacle = is_there(statement).status();
    }
    if (planned.obstacle.ok() && statement.select.script) {
      planned.obstacle = plan_rows(statement, options, stop, planned);
    }
    if (planned.obstacle.ok()) planned.obstacle = only_name(statement);
    return planned;
  }

  Result<std::vector<NamedStatement>> named(
      const std::vector<Statement>& statements) const {
    std::vector<NamedStatement> named;
    for (const Statement& statement : statements) {
      if (!is_named_pipeline(statement)) continue;
      NamedStatement one{.name = statement.name,
                         .pipeline = sql::identity_of_name(statement.name),
                         .place = place_of(statement),
                         .sinks = {},
                         .dead_letters = {}};
      for (const Address& address : statement.sinks) {
        ARROW_ASSIGN_OR_RAISE(Uri uri, options_.connections.resolve(address.uri));
        one.sinks.push_back(std::move(uri));
      }
      ARROW_ASSIGN_OR_RAISE(const RunOptions options,
                            sql::read_pipeline_options(statement, defaults_));
      if (options.on_error == OnError::kKeep) {
        ARROW_ASSIGN_OR_RAISE(one.dead_letters, ends_.address_of_dead_letters(options));
      }
      named.push_back(std::move(one));
    }
    return named;
  }

  // What those before it have named is known to it, as if they had run.
  Result<std::unique_ptr<DataSource>> source_of(const std::vector<Statement>& statements,
                                                const std::string& name) {
    for (const Statement& statement : statements) {
      ARROW_ASSIGN_OR_RAISE(RunOptions options,
                            sql::read_pipeline_options(statement, defaults_));
      if (is_named_pipeline(statement) && statement.name == name) {
        StatementResult unused;
        ARROW_ASSIGN_OR_RAISE(const Sinks sinks,
                              ends_.open_sinks(statement, unused.sinks));
        return rows_of(statement, options, plan_options(options, sinks), unused.sources);
      }
      ARROW_RETURN_NOT_OK(only_name(statement));
    }
    return make_error(ErrorKind::kNotFound, {},
                      fmt::format("there is no statement named {} here", name));
  }

  Result<OpenPipeline> open_pipeline(const std::vector<Statement>& statements,
                                     const std::string& name) {
    for (const Statement& statement : statements) {
      const bool is_meant = is_named_pipeline(statement) &&
                            ascii_lower(statement.name) == ascii_lower(name);
      if (!is_meant) {
        ARROW_RETURN_NOT_OK(only_name(statement));
        continue;
      }
      if (statement.sinks.size() > 1) {
        return error_at(statement, ErrorKind::kInvalidArgument,
                        "several sinks keep no position together");
      }
      StatementResult told = result_of(statement);
      OpenPipeline opened;
      ARROW_ASSIGN_OR_RAISE(Sinks sinks, ends_.open_sinks(statement, told.sinks));
      ARROW_ASSIGN_OR_RAISE(opened.options,
                            sql::read_pipeline_options(statement, defaults_));
      ARROW_ASSIGN_OR_RAISE(opened.source,
                            rows_of(statement, opened.options,
                                    plan_options(opened.options, sinks), told.sources));
      opened.options.select = sql::canonical_text(statement.select);
      opened.sink = std::move(sinks.front());
      opened.pipeline = sql::identity_of_name(statement.name);
      opened.address = told.sinks.front();
      return opened;
    }
    return make_error(ErrorKind::kNotFound, {},
                      fmt::format("there is no statement named {} here", name));
  }

  Result<std::unique_ptr<DataSource>> query(const std::vector<Statement>& statements,
                                            bool applies_changes) {
    for (size_t i = 0; i + 1 < statements.size(); ++i) {
      const Statement& statement = statements[i];
      if (statement.kind != Statement::Kind::kCreate || statement.explain ||
          !statement.sinks.empty()) {
        return error_at(
            statement, ErrorKind::kInvalidArgument,
            "only CREATE STREAM without INSERT INTO may stand before the last "
            "statement here");
      }
      StatementResult unused;
      ARROW_RETURN_NOT_OK(prepare(statement, {}, unused).status());
    }
    ARROW_ASSIGN_OR_RAISE(RunOptions options,
                          sql::read_pipeline_options(statements.back(), defaults_));
    std::vector<std::string> addresses;
    return rows_of(statements.back(), options,
                   {.sources = source_options(options),
                    .applies_changes = applies_changes,
                    .refresh = options.refresh},
                   addresses);
  }

 private:
  // Whether the name of a CREATE is taken and IF NOT EXISTS lets that pass.
  Result<bool> is_there(const Statement& statement) const {
    if (statement.or_replace || !planner_.has_name(statement.name)) return false;
    if (statement.if_not_exists) return true;
    return error_at(
        statement, ErrorKind::kAlreadyExists,
        fmt::format("there is a statement named {} already; CREATE OR REPLACE "
                    "takes its place",
                    statement.name));
  }

  // What waits between readers and writers is shared by those that may run beside each
  // other: which of them never end is not known yet.
  void share_memory(const std::vector<Statement>& statements) {
    constexpr int64_t kLeastBytes = int64_t{4} << 20;
    const auto num_together = std::ranges::count_if(
        statements, [](const Statement& statement) { return !statement.sinks.empty(); });
    if (num_together < 2) return;
    defaults_.queue_bytes =
        std::max(engine::memory_of(defaults_) / 8 / num_together, kLeastBytes);
  }

  static StatementResult result_of(const Statement& statement) {
    return {.kind = kind_of_statement(statement),
            .name = statement.name,
            .place = place_of(statement),
            .pipeline = {},
            .sources = {},
            .sinks = {},
            .skipped = false,
            .progress = {}};
  }

  // Two processes of a pipeline would end each other, and so would two threads.
  Status check_runs_once(const Statement& statement, const sql::StatementRun& run,
                         bool goes_on) {
    const std::string what =
        fmt::format("{} → {}", run.pipeline.id, fmt::join(run.result.sinks, ", "));
    const auto runs = going_on_.find(what);
    if (runs != going_on_.end()) {
      return error_at(statement, ErrorKind::kAlreadyExists,
                      fmt::format("the statement at {} is the same pipeline, and runs",
                                  runs->second));
    }
    if (goes_on) going_on_.emplace(what, run.result.place);
    return Status::OK();
  }

  // One of several, after those that it reads from.
  Status execute_beside(const Statement& statement, const ExecuteOptions& execute,
                        sql::RunningStatements& running, StatementResult& result) {
    ARROW_RETURN_NOT_OK(wait_for_what_is_read(statement, execute, running, result));
    if (running.stop().stop_requested()) {
      return error_at(statement, ErrorKind::kCancelled,
                      "not run: stopped before it had begun");
    }
    ARROW_ASSIGN_OR_RAISE(auto run, prepare(statement, execute, result));
    if (!run) return Status::OK();
    const bool goes_on = !statement.sinks.empty() && run->goes_on();
    ARROW_RETURN_NOT_OK(check_runs_once(statement, *run, goes_on));
    if (goes_on) {
      ARROW_RETURN_NOT_OK(only_name(statement));
      start(ascii_lower(statement.name), std::move(*run), execute, running);
      return Status::OK();
    }
    const Status moved = run->move_rows(execute, running.stop());
    result = run->result;
    ARROW_RETURN_NOT_OK(moved);
    if (!statement.sinks.empty()) ARROW_RETURN_NOT_OK(only_name(statement));
    if (execute.on_statement) execute.on_statement(result);
    return Status::OK();
  }

  // A statement whose rows never end.
  static void start(const std::string& name, sql::StatementRun run,
                    const ExecuteOptions& execute, sql::RunningStatements& running) {
    const auto shared = std::make_shared<sql::StatementRun>(std::move(run));
    running.start(name, [name, shared, &execute, &running](const std::stop_token& stop) {
      ExecuteOptions beside = execute;
      beside.on_progress = [&](const StatementResult& result) {
        const Progress& progress = result.progress;
        if (progress.num_commits > 0 || progress.num_rows_before > 0) {
          running.committed(name);
        }
        if (execute.on_progress) execute.on_progress(result);
      };
      const Status moved = shared->move_rows(beside, stop);
      if (moved.ok() && execute.on_statement) execute.on_statement(shared->result);
      if (!moved.ok() && execute.on_failure) execute.on_failure(shared->result, moved);
      return moved;
    });
  }

  // Statements that it names: a failed one has not written what it was to, and of one
  // that runs there may be nothing yet.
  Status wait_for_what_is_read(const Statement& statement, const ExecuteOptions& execute,
                               sql::RunningStatements& running,
                               const StatementResult& result) {
    if (!statement.select.script) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto names, planner_.names_in(statement.select));
    for (const std::string& name : names) {
      if (running.is_to_be_waited_for(name)) {
        if (execute.on_wait) execute.on_wait(result, name);
        running.wait_for_commit(name);
      }
      if (running.has_failed(name)) {
        return error_at(statement, ErrorKind::kCancelled,
                        fmt::format("not run: it reads {}, which has failed", name));
      }
    }
    return Status::OK();
  }

  // Open a statement's ends; nullopt where there is nothing to be moved, and all is done.
  Result<std::optional<sql::StatementRun>> prepare(const Statement& statement,
                                                   const ExecuteOptions& execute,
                                                   StatementResult& result) {
    ARROW_ASSIGN_OR_RAISE(RunOptions options,
                          sql::read_pipeline_options(statement, defaults_));
    const bool is_create =
        statement.kind == Statement::Kind::kCreate && !statement.explain;
    if (is_create) {
      ARROW_ASSIGN_OR_RAISE(result.skipped, is_there(statement));
    }
    const bool is_view = is_create && statement.sinks.empty();
    if (result.skipped || is_view) {
      if (!result.skipped) ARROW_RETURN_NOT_OK(create_view(statement, options));
      if (execute.on_statement) execute.on_statement(result);
      return std::nullopt;
    }
    Sinks sinks;
    if (!statement.explain) {
      ARROW_ASSIGN_OR_RAISE(sinks, ends_.open_sinks(statement, result.sinks));
    }
    sql::StatementRun run;
    ARROW_ASSIGN_OR_RAISE(
        run.source,
        rows_of(statement, options, plan_options(options, sinks), result.sources));
    if (sinks.empty()) {
      if (!execute.results) {
        return error_at(statement, ErrorKind::kInvalidArgument,
                        "the rows of this statement have nowhere to go; INSERT INTO says "
                        "where");
      }
      options.on_schema_change = OnSchemaChange::kFail;  // there is nobody to follow
      run.sink = std::shared_ptr<DataSink>(std::shared_ptr<void>(), execute.results);
    } else {
      if (options.on_error == OnError::kKeep) {
        ARROW_ASSIGN_OR_RAISE(options.dead_letters, ends_.open_dead_letters(options));
      }
      options.select = sql::canonical_text(statement.select);
      options.replace = statement.or_replace;
      run.sink = sinks.size() == 1 ? std::move(sinks.front())
                                   : sql::make_fan_out_sink(std::move(sinks));
    }
    run.pipeline = sql::identity_of(statement, options, *run.source, *run.sink);
    run.options = std::move(options);
    run.result = result;
    return run;
  }

  // Let later statements read what this one has a name for; nothing is run.
  Status only_name(const Statement& statement) {
    if (statement.kind != Statement::Kind::kCreate || statement.explain) {
      return Status::OK();
    }
    if (statement.sinks.empty()) {
      ARROW_ASSIGN_OR_RAISE(const RunOptions options,
                            sql::read_pipeline_options(statement, defaults_));
      return create_view(statement, options);
    }
    ARROW_ASSIGN_OR_RAISE(Uri uri, ends_.reading_address(statement.sinks.front().uri));
    planner_.add_name(statement.name, std::move(uri));
    return Status::OK();
  }

  // What a statement selects, and what becomes of that.
  Status plan_rows(const Statement& statement, RunOptions options,
                   const std::stop_token& stop, StatementPlan& planned) {
    StatementResult told;
    ARROW_ASSIGN_OR_RAISE(Sinks sinks, ends_.open_sinks(statement, told.sinks));
    const sql::PlanOptions how = plan_options(options, sinks);
    ARROW_ASSIGN_OR_RAISE(SelectPlan select, planner_.plan(statement.select, how));
    for (const auto& source : select.sources->all()) {
      planned.sources.push_back(source->address());
    }
    std::vector<std::string> duckdb_plan;
    if (!select.source) {
      ARROW_ASSIGN_OR_RAISE(duckdb_plan, planner_.explain(statement.select));
      ARROW_RETURN_NOT_OK(leave_to_duckdb(statement, select, options));
    }
    planned.steps = sql::steps_of(select, duckdb_plan);
    if (sinks.empty()) {
      for (const auto& field : select.schema->fields()) {
        planned.columns.push_back(
            {.name = field->name(), .type = type_name(*field->type())});
      }
      return Status::OK();
    }
    const auto source = first_rows(
        sql::make_plan_source(planner_, statement.select, std::move(select), how),
        options.limit);
    options.limit.reset();
    if (options.on_error == OnError::kKeep) {
      ARROW_ASSIGN_OR_RAISE(options.dead_letters, ends_.open_dead_letters(options));
    }
    options.select = sql::canonical_text(statement.select);
    options.replace = statement.or_replace;
    const bool fans_out = sinks.size() > 1;
    for (size_t i = 0; i < sinks.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(
          RunPlan run, plan_run(*source, *sinks[i],
                                sql::identity_of(statement, options, *source, *sinks[i]),
                                options, stop));
      if (fans_out) no_record_of_several(options, run);
      planned.sinks.push_back({.address = told.sinks[i], .run = std::move(run)});
    }
    return Status::OK();
  }

  Status create_view(const Statement& statement, const RunOptions& options) {
    if (!options.range.is_whole()) {
      return error_at(statement, ErrorKind::kNotImplemented,
                      "from = … and until = … of a statement without INSERT INTO do not "
                      "work yet; give them to the statement that reads it");
    }
    if (options.limit) {
      return error_at(
          statement, ErrorKind::kNotImplemented,
          "limit = … of a statement without INSERT INTO does not work yet; end the "
          "SELECT with LIMIT");
    }
    return planner_.add_name(statement.name, statement.select);
  }

  static sql::SourceOptions source_options(const RunOptions& options) {
    return {.once = options.once,
            .keeps_bad = options.on_error != OnError::kFail,
            .range = options.range,
            .max_record_bytes = options.max_record_bytes,
            .reader_bytes = engine::memory_of(options) / 8};
  }

  // Takes what DuckDB has out of what the pipeline may hold, and the rows that a stream
  // is joined with.
  Status leave_to_duckdb(const Statement& statement, const SelectPlan& plan,
                         RunOptions& options) const {
    const int64_t least = engine::least_memory_of(options);
    int64_t rest = engine::memory_of(options) - planner_.duckdb_bytes();
    if (plan.stream && plan.sources->all().size() > 1) rest -= planner_.held_bytes();
    if (options.memory_bytes && rest < least) {
      return error_at(
          statement, ErrorKind::kInvalidArgument,
          fmt::format("memory: {} bytes are too few: this SELECT is run by DuckDB, which "
                      "has {}MiB of it, and with parallel = {} the rest takes {}MiB at "
                      "least",
                      *options.memory_bytes, planner_.duckdb_bytes() >> 20,
                      options.num_lanes, least >> 20));
    }
    options.memory_bytes = std::max(rest, least);
    return Status::OK();
  }

  // All of a statement's sinks are one end of its pipeline: each applies changes, or
  // none.
  static sql::PlanOptions plan_options(const RunOptions& options, const Sinks& sinks) {
    const auto num_upserting = std::ranges::count_if(
        sinks, [](const auto& sink) { return sink->supports_upsert(); });
    return {.sources = source_options(options),
            .applies_changes = num_upserting > 0,
            .some_sinks_append = num_upserting < std::ssize(sinks),
            .refresh = options.refresh};
  }

  // What a statement yields, or would write; and the addresses that it reads.
  Result<std::unique_ptr<DataSource>> rows_of(const Statement& statement,
                                              RunOptions& options,
                                              const sql::PlanOptions& how,
                                              std::vector<std::string>& addresses) {
    if (statement.explain) return explain(statement, options);
    if (statement.kind == Statement::Kind::kDescribe)
      return describe_statement(statement);
    ARROW_ASSIGN_OR_RAISE(SelectPlan plan, planner_.plan(statement.select, how));
    for (const auto& source : plan.sources->all()) addresses.push_back(source->address());
    if (!plan.source) ARROW_RETURN_NOT_OK(leave_to_duckdb(statement, plan, options));
    return first_rows(
        sql::make_plan_source(planner_, statement.select, std::move(plan), how),
        options.limit);
  }

  Result<std::unique_ptr<DataSource>> explain(const Statement& statement,
                                              const RunOptions& options) {
    StatementResult told;
    ARROW_ASSIGN_OR_RAISE(const Sinks opened, ends_.open_sinks(statement, told.sinks));
    ARROW_ASSIGN_OR_RAISE(const SelectPlan plan,
                          planner_.plan(statement.select, plan_options(options, opened)));
    std::vector<std::string> duckdb_plan;
    if (!plan.source) {
      ARROW_ASSIGN_OR_RAISE(duckdb_plan, planner_.explain(statement.select));
    }
    std::vector<sql::ExplainedSink> sinks;
    for (size_t i = 0; i < opened.size(); ++i) {
      sinks.push_back({.address = redact_uri(statement.sinks[i].uri),
                       .keeps_record = opened[i]->transactions() != nullptr});
    }
    ARROW_ASSIGN_OR_RAISE(auto rows, sql::explain_plan(plan, duckdb_plan, sinks));
    return sql::make_rows_source(std::move(rows));
  }

  Result<std::unique_ptr<DataSource>> describe_statement(const Statement& statement) {
    if (!statement.sources.empty()) {
      ARROW_ASSIGN_OR_RAISE(const Uri uri,
                            options_.connections.resolve(statement.sources.front().uri));
      ARROW_ASSIGN_OR_RAISE(const auto source, options_.registry->create_source(uri));
      ARROW_ASSIGN_OR_RAISE(const auto schema, source->fetch_schema());
      return describe(*schema);
    }
    sql::SqlText select = statement.select;
    if (!statement.name.empty()) {
      std::string name = statement.name;
      for (size_t at = 0; (at = name.find('"', at)) != std::string::npos; at += 2) {
        name.insert(at, 1, '"');
      }
      std::string text = fmt::format("FROM \"{}\"", name);
      const size_t size = text.size();
      select = {std::make_shared<const Script>("DESCRIBE", std::move(text)), 0, size};
    }
    ARROW_ASSIGN_OR_RAISE(const SelectPlan plan,
                          planner_.plan(select, {.sources = {.once = true}}));
    return describe(*plan.schema);
  }

  const SessionOptions options_;
  RunOptions defaults_;
  const sql::StatementEnds ends_;
  sql::SelectPlanner planner_;
  // Pipelines whose rows never end, and where they stand.
  std::map<std::string, std::string> going_on_;
};

Session::Session(SessionOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

Status Session::execute(std::string_view text, const ExecuteOptions& options,
                        std::stop_token stop) {
  const auto script = std::make_shared<const Script>(options.name, std::string(text));
  ARROW_ASSIGN_OR_RAISE(const auto statements, sql::parse_statements(script));
  ARROW_RETURN_NOT_OK(state_->read_defaults(statements));
  return state_->execute(statements, options, stop);
}

Result<std::unique_ptr<DataSource>> Session::query(std::string_view text,
                                                   const QueryOptions& options) {
  const auto script = std::make_shared<const Script>(options.name, std::string(text));
  ARROW_ASSIGN_OR_RAISE(const auto statements, sql::parse_statements(script));
  ARROW_RETURN_NOT_OK(state_->read_defaults(statements));
  if (statements.empty()) {
    return script->error_at(0, ErrorKind::kInvalidArgument, "there is no statement here");
  }
  return state_->query(statements, options.applies_changes);
}

Result<std::vector<StatementPlan>> Session::plan(std::string_view text,
                                                 std::string_view name,
                                                 std::stop_token stop) {
  const auto script =
      std::make_shared<const Script>(std::string(name), std::string(text));
  ARROW_ASSIGN_OR_RAISE(const auto statements, sql::parse_statements(script));
  ARROW_RETURN_NOT_OK(state_->read_defaults(statements));
  std::vector<StatementPlan> plans;
  for (const Statement& statement : statements) {
    ARROW_ASSIGN_OR_RAISE(StatementPlan plan, state_->plan(statement, stop));
    plans.push_back(std::move(plan));
  }
  return plans;
}

Result<std::vector<NamedStatement>> Session::named_statements(std::string_view text,
                                                              std::string_view name) {
  const auto script =
      std::make_shared<const Script>(std::string(name), std::string(text));
  ARROW_ASSIGN_OR_RAISE(const auto statements, sql::parse_statements(script));
  ARROW_RETURN_NOT_OK(state_->read_defaults(statements));
  return state_->named(statements);
}

Result<OpenPipeline> Session::open_pipeline(std::string_view text,
                                            const std::string& statement) {
  const auto script = std::make_shared<const Script>("SQL", std::string(text));
  ARROW_ASSIGN_OR_RAISE(const auto statements, sql::parse_statements(script));
  ARROW_RETURN_NOT_OK(state_->read_defaults(statements));
  return state_->open_pipeline(statements, statement);
}

Result<std::unique_ptr<DataSource>> Session::source_of(std::string_view text,
                                                       const std::string& statement) {
  const auto script = std::make_shared<const Script>("SQL", std::string(text));
  ARROW_ASSIGN_OR_RAISE(const auto statements, sql::parse_statements(script));
  ARROW_RETURN_NOT_OK(state_->read_defaults(statements));
  return state_->source_of(statements, statement);
}

}  // namespace velo
