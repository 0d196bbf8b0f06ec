#include "velo/connectors/kafka/sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "velo/base/random_id.h"
#include "velo/columnar/change_columns.h"
#include "velo/connectors/kafka/check.h"
#include "velo/connectors/kafka/lane_session.h"

namespace velo::kafka {
namespace {

// Readers of committed messages see nothing of an epoch before its end.
constexpr std::chrono::milliseconds kCommitInterval{1000};

class KafkaEpochWriter : public EpochWriter {
 public:
  KafkaEpochWriter(std::shared_ptr<LaneSession> session,
                   const std::vector<std::shared_ptr<LaneSession>>& lanes)
      : session_(std::move(session)), lanes_(lanes) {}

  Status write(const Batch& batch, std::stop_token stop) override {
    return session_->write(*batch.rows, stop);
  }

  Status change_schema(const std::shared_ptr<arrow::Schema>& schema,
                       std::stop_token) override {
    return session_->change_schema(schema);
  }

  Result<CommitToken> prepare(const CommitRecord& record) override {
    ARROW_RETURN_NOT_OK(session_->prepare(record, static_cast<int>(lanes_.size())));
    return CommitToken();
  }

  int64_t bytes_written() const override { return session_->bytes_written(); }

 private:
  const std::shared_ptr<LaneSession> session_;
  const std::vector<std::shared_ptr<LaneSession>>& lanes_;  // all, by the time of prepare
};

class KafkaCommitter : public Committer {
 public:
  KafkaCommitter(KafkaOptions options, const PipelineIdentity& pipeline,
                 CommitObserver& observer, std::unique_ptr<Client> control)
      : options_(std::move(options)),
        pipeline_(pipeline),
        observer_(observer),
        records_(options_, pipeline),
        control_(std::move(control)) {}

  Result<CommitRecord> look(std::stop_token stop) override {
    ARROW_ASSIGN_OR_RAISE(CommitRecord record, read_record(stop));
    if (record.num_rows > 0) ARROW_RETURN_NOT_OK(has_topic(record, stop).status());
    return record;
  }

  Result<CommitRecord> read_record(std::stop_token stop) override {
    ARROW_ASSIGN_OR_RAISE(const auto known, control_->partitions(records_.name(), stop));
    if (!known) return CommitRecord();
    auto record = try_to_read(stop);
    // A run that has finished took it away meanwhile.
    if (!record.ok() && kind_of(record.status()) == ErrorKind::kNotFound) {
      return CommitRecord();
    }
    return record;
  }

  // A process takes the first lane over before any other, and says through it which lanes
  // it has, after it has them and before it writes to them. So whoever has the first lane
  // knows of all that may have a transaction open, and who has lost it gets no further.
  Result<CommitRecord> recover(std::stop_token stop) override {
    lanes_.clear();
    producers_.clear();
    ARROW_RETURN_NOT_OK(records_.create(*control_, stop));
    ARROW_RETURN_NOT_OK(take_over(0, stop));
    ARROW_ASSIGN_OR_RAISE(const auto reader, records_.open_reader(stop));
    ARROW_RETURN_NOT_OK(reader->read_before_open(stop));
    ARROW_RETURN_NOT_OK(check_topic(reader->log().topic()));
    for (int lane = 1; lane < reader->log().num_lanes(); ++lane) {
      ARROW_RETURN_NOT_OK(take_over(lane, stop));
    }
    observer_.reached(CommitStep::kInRecover);
    ARROW_RETURN_NOT_OK(reader->read_all(*control_, stop));
    log_ = reader->log();
    record_ = log_.record();
    record_.pipeline = pipeline_.id;
    record_.fence += 1;
    if (record_.incarnation.empty()) record_.incarnation = random_id();
    ARROW_RETURN_NOT_OK(write_fence(stop));
    return record_;
  }

  bool commits_once() const override { return false; }

  Result<std::unique_ptr<EpochWriter>> create_writer(
      int lane, const std::shared_ptr<arrow::Schema>& schema,
      std::stop_token stop) override {
    if (lane == 0) ARROW_RETURN_NOT_OK(create_topic(stop));
    if (static_cast<size_t>(lane) >= producers_.size()) {
      ARROW_RETURN_NOT_OK(take_over(lane, stop));
      ARROW_RETURN_NOT_OK(write_fence(stop));
    }
    ARROW_ASSIGN_OR_RAISE(
        auto session,
        LaneSession::make(options_, records_, lane, record_.fence, log_.num_rows_of(lane),
                          producers_[static_cast<size_t>(lane)], schema));
    lanes_.push_back(session);
    return std::make_unique<KafkaEpochWriter>(std::move(session), lanes_);
  }

  Status commit(const CommitRecord&, std::span<const CommitToken> tokens) override {
    if (tokens.size() != lanes_.size()) {
      return make_error(
          ErrorKind::kInternal, {.connector = "kafka"},
          fmt::format("{} tokens for {} lanes", tokens.size(), lanes_.size()));
    }
    for (size_t i = 0; i < lanes_.size(); ++i) {
      ARROW_RETURN_NOT_OK(lanes_[i]->commit());
      if (i == 0 && lanes_.size() > 1) observer_.reached(CommitStep::kBetweenCompletes);
    }
    return Status::OK();
  }

  Status forget() override {
    lanes_.clear();
    producers_.clear();
    return records_.remove(*control_);
  }

 private:
  Result<CommitRecord> try_to_read(const std::stop_token& stop) const {
    ARROW_ASSIGN_OR_RAISE(const auto reader, records_.open_reader(stop));
    ARROW_RETURN_NOT_OK(reader->read_before_open(stop));
    ARROW_RETURN_NOT_OK(check_topic(reader->log().topic()));
    return reader->log().record();
  }

  Status check_topic(const std::string& of_record) const {
    if (of_record.empty() || of_record == options_.topic) return Status::OK();
    return make_error(
        ErrorKind::kInvalidArgument, {.connector = "kafka", .resource = pipeline_.id},
        fmt::format("the record of this pipeline is of the topic {}, and not of {}; give "
                    "this one another name",
                    of_record, options_.topic));
  }

  // The producer of the next lane.
  Status take_over(int lane, const std::stop_token& stop) {
    ARROW_ASSIGN_OR_RAISE(
        std::shared_ptr<Producer> producer,
        Producer::open(options_, fmt::format("velo-{}-{}", pipeline_.id, lane)));
    ARROW_RETURN_NOT_OK(producer->take_over(stop));
    producers_.push_back(std::move(producer));
    return Status::OK();
  }

  Status write_fence(const std::stop_token& stop) {
    const Status written = try_to_write_fence(stop);
    if (kind_of(written) != ErrorKind::kFenced) return written;
    return make_error(ErrorKind::kFenced,
                      {.connector = "kafka", .resource = options_.shown},
                      "a newer run of this pipeline has taken over; this one has stopped "
                      "and committed nothing");
  }

  Status try_to_write_fence(const std::stop_token& stop) {
    Producer& first = *producers_.front();
    ARROW_ASSIGN_OR_RAISE(auto* topic, first.open_topic(records_.name()));
    const auto [key, payload] =
        fence_message(record_, options_.topic, static_cast<int>(producers_.size()));
    ARROW_RETURN_NOT_OK(first.begin());
    ARROW_RETURN_NOT_OK(first.send(topic, key, payload, stop));
    ARROW_RETURN_NOT_OK(first.flush(stop));
    return first.commit(stop);
  }

  // Whether the topic of the rows is there; it must be where there were any.
  Result<bool> has_topic(const CommitRecord& record, const std::stop_token& stop) const {
    ARROW_ASSIGN_OR_RAISE(const auto known, control_->partitions(options_.topic, stop));
    if (known || record.num_rows == 0) return known.has_value();
    return make_error(ErrorKind::kCommitLost,
                      {.connector = "kafka", .resource = options_.topic},
                      fmt::format("the topic is gone, and with it {} rows that this "
                                  "pipeline has committed; another name begins anew",
                                  record.num_rows));
  }

  Status create_topic(const std::stop_token& stop) {
    ARROW_ASSIGN_OR_RAISE(const bool is_there, has_topic(record_, stop));
    if (is_there) return Status::OK();
    const Status status =
        control_->create_topic(options_.topic, options_.num_partitions, {}, stop);
    return !status.ok() && kind_of(status) == ErrorKind::kAlreadyExists ? Status::OK()
                                                                        : status;
  }

  const KafkaOptions options_;
  const PipelineIdentity pipeline_;
  CommitObserver& observer_;
  const RecordTopic records_;
  const std::unique_ptr<Client> control_;
  RecordLog log_;  // as recover() has read it
  CommitRecord record_;
  std::vector<std::shared_ptr<Producer>> producers_;  // by lane
  std::vector<std::shared_ptr<LaneSession>> lanes_;
};

class KafkaSink : public DataSink, public TransactionalSink {
 public:
  explicit KafkaSink(KafkaOptions options) : options_(std::move(options)) {}

  void limit_memory(int64_t bytes_per_writer) override {
    options_.writer_bytes = bytes_per_writer;
  }

  void set_stop(std::stop_token stop) override { stop_ = std::move(stop); }

  Status validate_schema(const arrow::Schema& schema) override {
    ARROW_RETURN_NOT_OK(try_encoder(schema.fields()));
    ARROW_RETURN_NOT_OK(find_key(options_, schema).status());
    ARROW_ASSIGN_OR_RAISE(const auto control, Client::open_control(options_));
    return control->partitions(options_.topic, stop_).status();
  }

  Result<std::unique_ptr<DataWriter>> create_writer(
      const WriteOptions& options) override {
    return write_epochs(*this, options);
  }

  bool supports_transactions() const override { return true; }
  bool supports_upsert() const override { return false; }
  bool supports_schema_change() const override { return true; }
  TransactionalSink* transactions() override { return this; }

  void check(CheckReport& report, std::stop_token stop) override {
    check_writing(options_, report, stop);
  }

  Result<SinkPlan> plan(const arrow::Schema& schema, const PipelineIdentity& pipeline,
                        std::stop_token stop) override {
    const bool are_changes = options_.envelope != formats::Envelope::kNone;
    if (are_changes) ARROW_RETURN_NOT_OK(try_encoder(schema.fields()));
    ARROW_RETURN_NOT_OK(find_key(options_, schema).status());
    SinkPlan plan;
    for (const auto& field : schema.fields()) {
      PlannedColumn planned{.name = field->name(), .target = field->name()};
      arrow::FieldVector alone = {field};
      if (are_changes && field->name() != kOperationColumn) {
        alone.push_back(schema.GetFieldByName(kOperationColumn));
      }
      const Status status = try_encoder(std::move(alone));
      planned.target_type = are_changes ? "Debezium's JSON" : "JSON";
      if (!status.ok()) planned.refusal = status.message();
      plan.columns.push_back(std::move(planned));
    }
    ARROW_ASSIGN_OR_RAISE(const auto control, Client::open_control(options_));
    ARROW_ASSIGN_OR_RAISE(const auto topic, control->partitions(options_.topic, stop));
    if (!topic) {
      plan.makes.push_back(fmt::format("topic {}, {} partition{}", options_.topic,
                                       options_.num_partitions,
                                       options_.num_partitions == 1 ? "" : "s"));
    }
    const RecordTopic records(options_, pipeline);
    ARROW_ASSIGN_OR_RAISE(const auto record, control->partitions(records.name(), stop));
    if (!record) {
      plan.makes.push_back(fmt::format("topic {}, 1 partition, compacted, for the record",
                                       records.name()));
    }
    return plan;
  }

  CommitKind commit_kind() const override { return CommitKind::kSession; }
  CommitPace commit_pace() const override {
    return {.interval = kCommitInterval, .longest = options_.transaction_timeout / 2};
  }
  std::string identity() const override { return options_.identity; }

  Result<std::vector<std::string>> list_pipelines(const std::string& prefix,
                                                  std::stop_token stop) override {
    return RecordTopic::list(options_, prefix, stop);
  }

  Result<std::unique_ptr<Committer>> create_committer(const PipelineIdentity& pipeline,
                                                      CommitObserver& observer) override {
    ARROW_ASSIGN_OR_RAISE(auto control, Client::open_control(options_));
    return std::make_unique<KafkaCommitter>(options_, pipeline, observer,
                                            std::move(control));
  }

 private:
  // Whether messages hold rows of these columns.
  Status try_encoder(arrow::FieldVector fields) const {
    ARROW_ASSIGN_OR_RAISE(auto nowhere, arrow::io::BufferOutputStream::Create(0));
    const Status status =
        make_row_encoder(std::move(nowhere), options_, arrow::schema(std::move(fields)))
            .status();
    if (status.ok()) return status;
    return make_error(kind_of(status), {.connector = "kafka", .resource = options_.shown},
                      status.message());
  }

  KafkaOptions options_;
  std::stop_token stop_;
};

}  // namespace

std::unique_ptr<DataSink> make_kafka_sink(KafkaOptions options) {
  return std::make_unique<KafkaSink>(std::move(options));
}

}  // namespace velo::kafka
