#include <arrow/builder.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/columnar/schema_text.h"
#include "velo/engine/limited_source.h"
#include "velo/sql.h"
#include "velo/sql/canonical_text.h"
#include "velo/sql/explain.h"
#include "velo/sql/fan_out_sink.h"
#include "velo/sql/pipeline_options.h"
#include "velo/sql/plan_source.h"
#include "velo/sql/rows_source.h"
#include "velo/sql/select_planner.h"
#include "velo/sql/statement.h"

namespace velo {

using sql::Address;
using sql::Script;
using sql::SelectPlan;
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

// As names in SQL are compared.
PipelineIdentity identity_of_name(const std::string& name) {
  return named_pipeline(ascii_lower(name));
}

bool is_named_pipeline(const Statement& statement) {
  return statement.kind == Statement::Kind::kCreate && !statement.explain &&
         !statement.sinks.empty();
}

// Says of a stop which statement it ended, and with what outcome.
Status explain_stop(const Status& status, const StatementResult& result,
                    const DataSink& sink) {
  if (kind_of(status) != ErrorKind::kCancelled) return status;
  const Progress& progress = result.progress;
  const bool has_committed = progress.num_rows_committed > 0;
  std::string outcome = "what had appeared in the sink by then stays there";
  if (sink.supports_transactions()) outcome = "nothing of them is visible in the sink";
  if (has_committed) outcome = "they are committed; run it again to go on";
  return status.WithMessage(fmt::format(
      "{}{}{}: stopped after {} rows; {}", result.place,
      result.sinks.empty() ? "" : " → ", fmt::join(result.sinks, ", "),
      has_committed ? progress.num_rows_committed : progress.num_rows, outcome));
}

}  // namespace

class Session::State {
 public:
  explicit State(SessionOptions options)
      : options_(std::move(options)),
        planner_(*options_.registry, options_.connections,
                 // The rest is for decoders, the queue and writers.
                 {.memory_bytes = options_.memory_bytes / 2,
                  .num_threads = options_.num_threads,
                  .short_cut = options_.short_cut}) {}

  // What holds where a statement says nothing.
  Status read_defaults() {
    auto in_file =
        sql::read_pipeline_defaults({}, options_.connections.pipeline_options());
    ARROW_RETURN_NOT_OK(annotate(in_file.status(), "[pipeline]"));
    ARROW_ASSIGN_OR_RAISE(
        defaults_, sql::read_pipeline_defaults(*in_file, options_.pipeline_options));
    defaults_.queue_bytes = options_.memory_bytes / 8;
    defaults_.observer = options_.observer;
    return Status::OK();
  }

  Status execute(const Statement& statement, const ExecuteOptions& execute,
                 const std::stop_token& stop) {
    StatementResult result{.kind = kind_of_statement(statement),
                           .name = statement.name,
                           .place = place_of(statement),
                           .pipeline = {},
                           .sources = {},
                           .sinks = {},
                           .skipped = false,
                           .progress = {}};
    ARROW_ASSIGN_OR_RAISE(const RunOptions options,
                          sql::read_pipeline_options(statement, defaults_));
    if (statement.kind == Statement::Kind::kCreate && !statement.explain) {
      ARROW_ASSIGN_OR_RAISE(result.skipped, is_there(statement));
    }
    if (!result.skipped) {
      ARROW_RETURN_NOT_OK(run(statement, options, execute, stop, result));
    }
    if (execute.on_statement) execute.on_statement(result);
    return Status::OK();
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
    if (planned.obstacle.ok()) planned.obstacle = only_name(statement, options);
    return planned;
  }

  Result<std::vector<NamedStatement>> named(
      const std::vector<Statement>& statements) const {
    std::vector<NamedStatement> named;
    for (const Statement& statement : statements) {
      if (!is_named_pipeline(statement)) continue;
      NamedStatement one{.name = statement.name,
                         .pipeline = identity_of_name(statement.name),
                         .place = place_of(statement),
                         .sinks = {}};
      for (const Address& address : statement.sinks) {
        ARROW_ASSIGN_OR_RAISE(Uri uri, options_.connections.resolve(address.uri));
        one.sinks.push_back(std::move(uri));
      }
      named.push_back(std::move(one));
    }
    return named;
  }

  // What those before it have named is known to it, as if they had run.
  Result<std::unique_ptr<DataSource>> source_of(const std::vector<Statement>& statements,
                                                const std::string& name) {
    for (const Statement& statement : statements) {
      ARROW_ASSIGN_OR_RAISE(const RunOptions options,
                            sql::read_pipeline_options(statement, defaults_));
      if (is_named_pipeline(statement) && statement.name == name) {
        StatementResult unused;
        ARROW_ASSIGN_OR_RAISE(const Sinks sinks, open_sinks(statement, unused));
        return rows_of(statement, options, plan_options(options, sinks), unused.sources);
      }
      ARROW_RETURN_NOT_OK(only_name(statement, options));
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
      ARROW_RETURN_NOT_OK(execute(statement, {}, {}));
    }
    ARROW_ASSIGN_OR_RAISE(const RunOptions options,
                          sql::read_pipeline_options(statements.back(), defaults_));
    std::vector<std::string> addresses;
    return rows_of(statements.back(), options,
                   {.once = options.once,
                    .keeps_bad = options.on_error != OnError::kFail,
                    .applies_changes = applies_changes,
                    .refresh = options.refresh},
                   addresses);
  }

 private:
  using Sinks = std::vector<std::unique_ptr<DataSink>>;

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

  Status run(const Statement& statement, RunOptions options,
             const ExecuteOptions& execute, const std::stop_token& stop,
             StatementResult& result) {
    if (statement.kind == Statement::Kind::kCreate && statement.sinks.empty() &&
        !statement.explain) {
      return create_view(statement, options);
    }
    Sinks sinks;
    if (!statement.explain) {
      ARROW_ASSIGN_OR_RAISE(sinks, open_sinks(statement, result));
    }
    ARROW_ASSIGN_OR_RAISE(
        const auto source,
        rows_of(statement, options, plan_options(options, sinks), result.sources));
    if (sinks.empty()) {
      if (!execute.results) {
        return error_at(statement, ErrorKind::kInvalidArgument,
                        "the rows of this statement have nowhere to go; INSERT INTO says "
                        "where");
      }
      options.on_schema_change = OnSchemaChange::kFail;  // there is nobody to follow
      return move_rows(*source, *execute.results,
                       identity_of(statement, *source, *execute.results), options,
                       execute, stop, result);
    }
    if (options.on_error == OnError::kKeep) {
      ARROW_ASSIGN_OR_RAISE(options.dead_letters,
                            open_dead_letters(options.dead_letter_address));
    }
    options.select = sql::canonical_text(statement.select);
    options.replace = statement.or_replace;
    const auto sink = sinks.size() == 1 ? std::move(sinks.front())
                                        : sql::make_fan_out_sink(std::move(sinks));
    ARROW_RETURN_NOT_OK(move_rows(*source, *sink, identity_of(statement, *source, *sink),
                                  options, execute, stop, result));
    return only_name(statement, options);
  }

  // Let later statements read what this one has a name for; nothing is run.
  Status only_name(const Statement& statement, const RunOptions& options) {
    if (statement.kind != Statement::Kind::kCreate || statement.explain) {
      return Status::OK();
    }
    if (statement.sinks.empty()) return create_view(statement, options);
    ARROW_ASSIGN_OR_RAISE(Uri uri, reading_address(statement.sinks.front().uri));
    planner_.add_name(statement.name, std::move(uri));
    return Status::OK();
  }

  // What a statement selects, and what becomes of that.
  Status plan_rows(const Statement& statement, RunOptions options,
                   const std::stop_token& stop, StatementPlan& planned) {
    StatementResult told;
    ARROW_ASSIGN_OR_RAISE(Sinks sinks, open_sinks(statement, told));
    const sql::PlanOptions how = plan_options(options, sinks);
    ARROW_ASSIGN_OR_RAISE(SelectPlan select, planner_.plan(statement.select, how));
    for (const auto& source : select.sources->all()) {
      planned.sources.push_back(source->address());
    }
    std::vector<std::string> duckdb_plan;
    if (!select.source) {
      ARROW_ASSIGN_OR_RAISE(duckdb_plan, planner_.explain(statement.select));
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
      ARROW_ASSIGN_OR_RAISE(options.dead_letters,
                            open_dead_letters(options.dead_letter_address));
    }
    options.select = sql::canonical_text(statement.select);
    options.replace = statement.or_replace;
    const bool fans_out = sinks.size() > 1;
    for (size_t i = 0; i < sinks.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(
          RunPlan run,
          plan_run(*source, *sinks[i], identity_of(statement, *source, *sinks[i]),
                   options, stop));
      if (fans_out) no_record_of_several(options, run);
      planned.sinks.push_back({.address = told.sinks[i], .run = std::move(run)});
    }
    return Status::OK();
  }

  // Where to read what was written to `sink`: without the options that only a sink has.
  Result<Uri> reading_address(const Uri& sink) const {
    ARROW_ASSIGN_OR_RAISE(Uri uri, options_.connections.resolve(sink));
    const Connector* connector = options_.registry->find(uri.scheme);
    if (connector == nullptr) return uri;
    std::erase_if(uri.options, [&](const auto& option) {
      return std::any_of(connector->options.begin(), connector->options.end(),
                         [&](const OptionDescriptor& descriptor) {
                           return descriptor.name == option.first &&
                                  descriptor.use == OptionUse::kSink;
                         });
    });
    return uri;
  }

  Status create_view(const Statement& statement, const RunOptions& options) {
    if (options.limit) {
      return error_at(
          statement, ErrorKind::kNotImplemented,
          "limit = … of a statement without INSERT INTO does not work yet; end the "
          "SELECT with LIMIT");
    }
    return planner_.add_name(statement.name, statement.select);
  }

  // All of a statement's sinks are one end of its pipeline: each applies changes, or
  // none.
  static sql::PlanOptions plan_options(const RunOptions& options, const Sinks& sinks) {
    const auto num_upserting = std::ranges::count_if(
        sinks, [](const auto& sink) { return sink->supports_upsert(); });
    return {.once = options.once,
            .keeps_bad = options.on_error != OnError::kFail,
            .applies_changes = num_upserting > 0,
            .some_sinks_append = num_upserting < std::ssize(sinks),
            .refresh = options.refresh};
  }

  Result<Sinks> open_sinks(const Statement& statement, StatementResult& result) const {
    Sinks sinks;
    for (const Address& address : statement.sinks) {
      ARROW_ASSIGN_OR_RAISE(auto sink, open_sink(statement, address, result));
      sinks.push_back(std::move(sink));
    }
    return sinks;
  }

  Result<std::unique_ptr<DataSink>> open_sink(const Statement& statement,
                                              const Address& address,
                                              StatementResult& result) const {
    ARROW_ASSIGN_OR_RAISE(const Uri uri, options_.connections.resolve(address.uri));
    result.sinks.push_back(redact_uri(uri));
    auto sink = options_.registry->create_sink(uri);
    if (sink.ok()) return sink;
    return statement.text.script->error_at(address.begin, kind_of(sink.status()),
                                           sink.status().message());
  }

  Result<std::shared_ptr<DataSink>> open_dead_letters(const std::string& address) const {
    ARROW_ASSIGN_OR_RAISE(const Uri given, parse_uri(address));
    ARROW_ASSIGN_OR_RAISE(const Uri uri, options_.connections.resolve(given));
    auto sink = options_.registry->create_sink(uri);
    if (!sink.ok()) return annotate(sink.status(), "on_error");
    return *std::move(sink);
  }

  // A statement without a name is the same run where it reads, selects and writes the
  // same.
  static PipelineIdentity identity_of(const Statement& statement, DataSource& source,
                                      DataSink& sink) {
    if (statement.kind == Statement::Kind::kCreate) {
      return identity_of_name(statement.name);
    }
    std::error_code ignored;
    const SplitSource* splits = source.splits();
    TransactionalSink* transactions = sink.transactions();
    const sql::SqlText& select =
        statement.select.script ? statement.select : statement.text;
    return unnamed_run(
        splits ? splits->identity() : std::filesystem::current_path(ignored).string(),
        sql::canonical_text(select), transactions ? transactions->identity() : "");
  }

  Status move_rows(DataSource& source, DataSink& sink, const PipelineIdentity& identity,
                   const RunOptions& options, const ExecuteOptions& execute,
                   const std::stop_token& stop, StatementResult& result) const {
    // Before anybody hears of a start.
    if (options.on_schema_change == OnSchemaChange::kFail) {
      ARROW_ASSIGN_OR_RAISE(const auto schema, source.fetch_schema());
      ARROW_RETURN_NOT_OK(sink.validate_schema(*schema));
    }
    RunOptions run_options = options;
    run_options.measure_lag = execute.measure_lag;
    run_options.on_progress = [&](const Progress& progress) {
      result.progress = progress;
      if (execute.on_progress) execute.on_progress(result);
    };
    if (execute.on_retry) {
      run_options.on_retry = [&](const Retry& retry) { execute.on_retry(result, retry); };
    }
    if (execute.on_ddl) {
      run_options.on_ddl = [&](std::string_view statement) {
        execute.on_ddl(result, statement);
      };
    }
    result.pipeline = identity.id;
    if (execute.on_start) execute.on_start(result);
    const auto done = velo::run(source, sink, identity, run_options, stop);
    if (!done.ok()) {
      return stop.stop_requested() ? explain_stop(done.status(), result, sink)
                                   : done.status();
    }
    result.progress = *done;
    return Status::OK();
  }

  // What a statement yields, or would write; and the addresses that it reads.
  Result<std::unique_ptr<DataSource>> rows_of(const Statement& statement,
                                              const RunOptions& options,
                                              const sql::PlanOptions& how,
                                              std::vector<std::string>& addresses) {
    if (statement.explain) return explain(statement, options);
    if (statement.kind == Statement::Kind::kDescribe)
      return describe_statement(statement);
    ARROW_ASSIGN_OR_RAISE(SelectPlan plan, planner_.plan(statement.select, how));
    for (const auto& source : plan.sources->all()) addresses.push_back(source->address());
    return first_rows(
        sql::make_plan_source(planner_, statement.select, std::move(plan), how),
        options.limit);
  }

  Result<std::unique_ptr<DataSource>> explain(const Statement& statement,
                                              const RunOptions& options) {
    StatementResult told;
    ARROW_ASSIGN_OR_RAISE(const Sinks opened, open_sinks(statement, told));
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
    ARROW_ASSIGN_OR_RAISE(const SelectPlan plan, planner_.plan(select, {.once = true}));
    return describe(*plan.schema);
  }

  const SessionOptions options_;
  RunOptions defaults_;
  sql::SelectPlanner planner_;
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
  ARROW_RETURN_NOT_OK(state_->read_defaults());
  for (const Statement& statement : statements) {
    if (stop.stop_requested()) break;
    ARROW_RETURN_NOT_OK(state_->execute(statement, options, stop));
  }
  return Status::OK();
}

Result<std::unique_ptr<DataSource>> Session::query(std::string_view text,
                                                   const QueryOptions& options) {
  const auto script = std::make_shared<const Script>(options.name, std::string(text));
  ARROW_ASSIGN_OR_RAISE(const auto statements, sql::parse_statements(script));
  ARROW_RETURN_NOT_OK(state_->read_defaults());
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
  ARROW_RETURN_NOT_OK(state_->read_defaults());
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
  return state_->named(statements);
}

Result<std::unique_ptr<DataSource>> Session::source_of(std::string_view text,
                                                       const std::string& statement) {
  const auto script = std::make_shared<const Script>("SQL", std::string(text));
  ARROW_ASSIGN_OR_RAISE(const auto statements, sql::parse_statements(script));
  ARROW_RETURN_NOT_OK(state_->read_defaults());
  return state_->source_of(statements, statement);
}

Result<std::unique_ptr<DataSource>> describe(const arrow::Schema& schema) {
  arrow::StringBuilder names;
  arrow::StringBuilder types;
  arrow::BooleanBuilder nullable;
  for (const auto& field : schema.fields()) {
    ARROW_RETURN_NOT_OK(names.Append(field->name()));
    ARROW_RETURN_NOT_OK(types.Append(type_name(*field->type())));
    ARROW_RETURN_NOT_OK(nullable.Append(field->nullable()));
  }
  arrow::ArrayVector columns(3);
  ARROW_RETURN_NOT_OK(names.Finish(&columns[0]));
  ARROW_RETURN_NOT_OK(types.Finish(&columns[1]));
  ARROW_RETURN_NOT_OK(nullable.Finish(&columns[2]));
  return sql::make_rows_source(arrow::RecordBatch::Make(
      arrow::schema({arrow::field("name", arrow::utf8()),
                     arrow::field("type", arrow::utf8()),
                     arrow::field("nullable", arrow::boolean())}),
      schema.num_fields(), std::move(columns)));
}

}  // namespace velo
