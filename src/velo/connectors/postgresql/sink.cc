#include "velo/connectors/postgresql/sink.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "velo/base/stop_scope.h"
#include "velo/connectors/postgresql/check.h"
#include "velo/connectors/postgresql/lane_key.h"
#include "velo/connectors/postgresql/lane_session.h"
#include "velo/connectors/postgresql/record_table.h"
#include "velo/connectors/postgresql/target_evolution.h"
#include "velo/connectors/postgresql/target_table.h"

namespace velo::postgresql {
namespace {

// What a process has of its pipeline. Threads: safe.
struct Hold {
  const PostgresqlOptions& options;
  const RecordTable& records;
  const CommitRecord& record;

  // Who takes over ends our connections, and takes the record away at its end: then that
  // is what to say.
  Status explain(const Status& failure) const {
    const ErrorKind kind = kind_of(failure);
    if (kind != ErrorKind::kTransient && kind != ErrorKind::kCommitStateUnknown &&
        kind != ErrorKind::kNotFound) {
      return failure;
    }
    const auto connection = Connection::open(options, "velo");
    if (!connection.ok()) return failure;
    const auto is_newest = records.is_newest(**connection, record);
    const bool is_gone = kind_of(is_newest.status()) == ErrorKind::kNotFound;
    if (is_gone || (is_newest.ok() && !*is_newest)) return RecordTable::fenced(record);
    return failure;
  }
};

class PostgresqlEpochWriter : public EpochWriter {
 public:
  PostgresqlEpochWriter(std::shared_ptr<LaneSession> session,
                        const std::vector<std::shared_ptr<LaneSession>>& lanes,
                        const Hold& hold)
      : session_(std::move(session)), lanes_(lanes), hold_(hold) {}

  Status write(const Batch& batch, std::stop_token stop) override {
    return hold_.explain(session_->write(*batch.rows, std::move(stop)));
  }

  Status change_schema(const std::shared_ptr<arrow::Schema>& schema,
                       std::stop_token) override {
    session_->change_schema(schema);
    return Status::OK();
  }

  Result<CommitToken> prepare(const CommitRecord& record) override {
    ARROW_RETURN_NOT_OK(hold_.explain(
        session_->prepare(record, hold_.record, static_cast<int>(lanes_.size()))));
    return CommitToken();
  }

  int64_t bytes_written() const override { return session_->bytes_written(); }

 private:
  const std::shared_ptr<LaneSession> session_;
  const std::vector<std::shared_ptr<LaneSession>>& lanes_;  // all, by the time of prepare
  const Hold hold_;
};

// The connection by which a process holds its record.
Result<std::unique_ptr<Connection>> open_control(const PostgresqlOptions& options,
                                                 const PipelineIdentity& pipeline,
                                                 const std::stop_token& stop) {
  return Connection::open(options, fmt::format("velo:{}:control", pipeline.id), stop);
}

class PostgresqlCommitter : public Committer {
 public:
  PostgresqlCommitter(PostgresqlOptions options, bool evolves,
                      const PipelineIdentity& pipeline, CommitObserver& observer)
      : options_(std::move(options)),
        evolves_(evolves),
        pipeline_(pipeline),
        observer_(observer),
        records_(options_.schema, options_.table, pipeline) {}

  Result<CommitRecord> look(std::stop_token stop) override {
    ARROW_RETURN_NOT_OK(connect(stop));
    const StopScope scope(*connection_, stop);
    ARROW_ASSIGN_OR_RAISE(CommitRecord record, records_.look(*connection_));
    ARROW_RETURN_NOT_OK(check_that_rows_are_there(record));
    ARROW_RETURN_NOT_OK(check_that_rows_have_a_key(record));
    return record;
  }

  Result<CommitRecord> read_record(std::stop_token stop) override {
    ARROW_RETURN_NOT_OK(connect(stop));
    const StopScope scope(*connection_, stop);
    return records_.look(*connection_);
  }

  Result<CommitRecord> recover(std::stop_token stop) override {
    lanes_.clear();
    ARROW_RETURN_NOT_OK(connect(stop));
    const StopScope scope(*connection_, stop);
    ARROW_ASSIGN_OR_RAISE(const ResultRows state,
                          connection_->execute("SELECT pg_is_in_recovery()"));
    if (state.text(0, 0) == "t") {
      return make_error(ErrorKind::kInvalidArgument,
                        {.connector = "postgresql", .resource = options_.shown},
                        "this server is a standby, which cannot be written; name the "
                        "primary");
    }
    ARROW_RETURN_NOT_OK(records_.create(*connection_));
    ARROW_ASSIGN_OR_RAISE(record_, records_.take_over(*connection_, [&] {
      observer_.reached(CommitStep::kInRecover);
    }));
    ARROW_RETURN_NOT_OK(check_that_rows_are_there(record_));
    return record_;
  }

  bool commits_once() const override { return false; }

  Result<LaneKey> find_lane_key(const arrow::Schema& schema,
                                std::stop_token stop) override {
    const StopScope scope(*connection_, stop);
    return postgresql::find_lane_key(*connection_, options_, schema);
  }

  Result<std::unique_ptr<EpochWriter>> create_writer(
      int lane, const std::shared_ptr<arrow::Schema>& schema,
      std::stop_token stop) override {
    const StopScope scope(*connection_, stop);
    auto target = find_target_columns(*connection_, options_, *schema);
    if (target.ok() && !target->exists) {
      ARROW_RETURN_NOT_OK(create_target_table(*connection_, options_, *schema));
      target = find_target_columns(*connection_, options_, *schema);
    }
    const bool is_to_evolve = evolves_ && (target.ok() || kind_of(target.status()) ==
                                                              ErrorKind::kSchemaMismatch);
    if (!is_to_evolve) ARROW_RETURN_NOT_OK(target);
    if (is_to_evolve && lane > 0) ARROW_RETURN_NOT_OK(evolve_now(*schema));
    ARROW_RETURN_NOT_OK(hold().explain(records_.add_lane(*connection_, lane, record_)));
    ARROW_ASSIGN_OR_RAISE(
        auto connection,
        Connection::open(options_, records_.lane_name(record_, lane), stop));
    auto session = LaneSession::make(std::move(connection), options_, records_, lane);
    if (is_to_evolve) {
      session->evolve(
          [this](std::string_view statement) { observer_.about_to_run(statement); });
      session->change_schema(schema);
    } else {
      ARROW_RETURN_NOT_OK(session->bind(*schema, *target));
    }
    lanes_.push_back(session);
    if (lanes_.size() > 1) {
      for (const auto& each : lanes_) each->expect_others();
    }
    return std::make_unique<PostgresqlEpochWriter>(std::move(session), lanes_, hold());
  }

  Status prepare_change(const std::shared_ptr<arrow::Schema>& schema,
                        std::stop_token stop) override {
    const StopScope scope(*connection_, stop);
    return evolves_ ? evolve_now(*schema) : Status::OK();
  }

  Status commit(const CommitRecord&, std::span<const CommitToken> tokens) override {
    const bool is_of_one = !options_.key.empty() && tokens.size() == 1;
    if (tokens.size() != lanes_.size() && !is_of_one) {
      return make_error(
          ErrorKind::kInternal, {.connector = "postgresql"},
          fmt::format("{} tokens for {} lanes", tokens.size(), lanes_.size()));
    }
    for (size_t i = 0; i < tokens.size(); ++i) {
      ARROW_RETURN_NOT_OK(hold().explain(lanes_[i]->commit()));
      if (i + 1 < tokens.size()) observer_.reached(CommitStep::kBetweenCompletes);
    }
    return Status::OK();
  }

  Status forget() override {
    lanes_.clear();
    ARROW_RETURN_NOT_OK(connect({}));
    const Status forgotten = records_.forget(*connection_, record_);
    if (kind_of(forgotten) == ErrorKind::kTransient) connection_.reset();
    return forgotten;
  }

 private:
  Status connect(const std::stop_token& stop) {
    if (connection_) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(connection_, open_control(options_, pipeline_, stop));
    return Status::OK();
  }

  // Not with the first rows: other lanes would wait for the commit of theirs.
  Status evolve_now(const arrow::Schema& schema) {
    ARROW_RETURN_NOT_OK(connection_->execute("BEGIN").status());
    ARROW_RETURN_NOT_OK(connection_->execute("SET LOCAL lock_timeout = '60s'").status());
    const Status evolved = evolve_target(
        *connection_, options_, schema,
        [this](std::string_view statement) { observer_.about_to_run(statement); });
    const Status ended =
        connection_->execute(evolved.ok() ? "COMMIT" : "ROLLBACK").status();
    return evolved.ok() ? ended : evolved;
  }

  Status check_that_rows_are_there(const CommitRecord& record) const {
    if (record.num_rows == 0) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const ResultRows table,
                          connection_->execute("SELECT to_regclass($1) IS NOT NULL",
                                               {options_.table_name()}));
    if (table.text(0, 0) == "t") return Status::OK();
    const std::string begins_anew =
        pipeline_.is_run
            ? fmt::format(
                  "DELETE FROM {0}.velo_checkpoint WHERE pipeline = '{1}', and "
                  "the same of velo_split, lets this run begin anew",
                  quote_identifier(options_.schema), pipeline_.id)
            : std::string("another name begins anew");
    return make_error(ErrorKind::kCommitLost,
                      {.connector = "postgresql", .resource = options_.table_name()},
                      fmt::format("the table is gone, and with it {} rows that this "
                                  "pipeline has committed; {}",
                                  record.num_rows, begins_anew));
  }

  // What some lanes have committed is written again, which only a key puts in its place.
  Status check_that_rows_have_a_key(const CommitRecord& record) const {
    if (record.ahead.empty() || !options_.key.empty()) return Status::OK();
    return make_error(
        ErrorKind::kInvalidArgument,
        {.connector = "postgresql", .resource = options_.table_name()},
        "an earlier run of this pipeline was cut short while several lanes committed, "
        "each "
        "the rows of some keys, and these are written again: without key= they would be "
        "there twice; let it run with the key= that it had until its next commit");
  }

  Hold hold() const { return {options_, records_, record_}; }

  const PostgresqlOptions options_;
  const bool evolves_;
  const PipelineIdentity pipeline_;
  CommitObserver& observer_;
  const RecordTable records_;
  std::unique_ptr<Connection> connection_;  // nullptr before it is needed
  CommitRecord record_;
  std::vector<std::shared_ptr<LaneSession>> lanes_;
};

class PostgresqlSink : public DataSink, public TransactionalSink {
 public:
  explicit PostgresqlSink(PostgresqlOptions options) : options_(std::move(options)) {}

  void set_stop(std::stop_token stop) override { stop_ = std::move(stop); }

  Status validate_schema(const arrow::Schema& schema) override {
    ARROW_ASSIGN_OR_RAISE(const auto connection,
                          Connection::open(options_, "velo", stop_));
    const StopScope scope(*connection, stop_);
    const Status found = find_target_columns(*connection, options_, schema).status();
    if (!evolves_ || kind_of(found) != ErrorKind::kSchemaMismatch) return found;
    const auto evolution = find_evolution(*connection, options_, schema);
    return kind_of(evolution.status()) == ErrorKind::kNotFound ? found
                                                               : evolution.status();
  }

  Result<std::unique_ptr<DataWriter>> create_writer(
      const WriteOptions& options) override {
    return write_epochs(*this, options);
  }

  bool supports_transactions() const override { return true; }
  bool supports_upsert() const override { return !options_.key.empty(); }
  bool supports_schema_change() const override { return true; }
  void allow_schema_change() override { evolves_ = true; }
  TransactionalSink* transactions() override { return this; }

  void check(CheckReport& report, std::stop_token stop) override {
    check_writing(options_, report, stop);
  }

  Result<SinkPlan> plan(const arrow::Schema& schema, const PipelineIdentity& pipeline,
                        std::stop_token stop) override {
    ARROW_ASSIGN_OR_RAISE(const auto connection,
                          Connection::open(options_, "velo", stop));
    const StopScope scope(*connection, std::move(stop));
    ARROW_ASSIGN_OR_RAISE(SinkPlan plan, plan_target(*connection, options_, schema));
    if (evolves_ && plan.statements.empty()) {
      const auto evolution = find_evolution(*connection, options_, schema);
      const ErrorKind kind = kind_of(evolution.status());
      if (evolution.ok()) {
        show_evolution(*evolution, options_, plan);
      } else if (kind != ErrorKind::kSchemaMismatch && kind != ErrorKind::kNotFound) {
        return evolution.status();
      }
    }
    const RecordTable records(options_.schema, options_.table, pipeline);
    ARROW_ASSIGN_OR_RAISE(const auto missing, records.missing_tables(*connection));
    for (const std::string& table : missing) {
      plan.makes.push_back(fmt::format("table {}, for the record", table));
    }
    return plan;
  }

  CommitKind commit_kind() const override { return CommitKind::kSession; }
  std::string identity() const override { return options_.identity; }
  // Rows of one key wait for each other's transaction.
  int max_lanes() const override {
    return options_.key.empty() ? TransactionalSink::max_lanes() : 1;
  }
  bool divides_by_key() const override { return !options_.key.empty(); }

  Result<std::vector<std::string>> list_pipelines(const std::string& prefix,
                                                  std::stop_token stop) override {
    ARROW_ASSIGN_OR_RAISE(const auto connection,
                          Connection::open(options_, "velo", stop));
    const StopScope scope(*connection, std::move(stop));
    return RecordTable::list(*connection, options_.schema, options_.table, prefix);
  }

  Result<std::unique_ptr<Committer>> create_committer(const PipelineIdentity& pipeline,
                                                      CommitObserver& observer) override {
    return std::make_unique<PostgresqlCommitter>(options_, evolves_, pipeline, observer);
  }

 private:
  const PostgresqlOptions options_;
  std::stop_token stop_;
  bool evolves_ = false;
};

}  // namespace

std::unique_ptr<DataSink> make_postgresql_sink(PostgresqlOptions options) {
  return std::make_unique<PostgresqlSink>(std::move(options));
}

}  // namespace velo::postgresql
