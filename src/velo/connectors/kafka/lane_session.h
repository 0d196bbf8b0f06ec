#pragma once

/// One lane: a producer, and the transaction that its epoch is written in.

#include <arrow/io/memory.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "velo/connectors/kafka/producer.h"
#include "velo/connectors/kafka/record_topic.h"
#include "velo/formats/format.h"

namespace velo::kafka {

/// Rows … the record, in one transaction, again and again.
/// Threads: thread-compatible; the writer's and, in a commit, the committer's.
class LaneSession {
 public:
  /// `producer` has taken its id over under `fence`; `num_rows` the lane has committed.
  static Result<std::shared_ptr<LaneSession>> make(
      const KafkaOptions& options, const RecordTopic& records, int lane, uint64_t fence,
      int64_t num_rows, std::shared_ptr<Producer> producer,
      const std::shared_ptr<arrow::Schema>& schema);

  /// Send rows, beginning the transaction with the first.
  Status write(const arrow::RecordBatch& rows, const std::stop_token& stop);

  /// Send rows of other columns from now on. Errors: kSchemaMismatch naming one.
  Status change_schema(const std::shared_ptr<arrow::Schema>& schema);

  /// Send the record, and wait until the brokers have all of the epoch. The transaction
  /// stays open.
  Status prepare(const CommitRecord& record, int num_lanes);

  /// Commit what was prepared. Errors: kCommitStateUnknown, kFenced; else nothing was
  /// committed.
  Status commit();

  /// In all epochs.
  int64_t bytes_written() const { return bytes_written_; }

 private:
  LaneSession(const KafkaOptions& options, const RecordTopic& records, int lane,
              uint64_t fence, int64_t num_rows, std::shared_ptr<Producer> producer)
      : options_(options),
        records_(records),
        lane_(lane),
        fence_(fence),
        num_rows_(num_rows),
        producer_(std::move(producer)) {}

  Status begin();
  Status send_rows(const arrow::RecordBatch& rows, const std::stop_token& stop);
  Result<std::string> encode(formats::Encoder& encoder, const arrow::RecordBatch& rows);
  Status send_record(const CommitRecord& record, int num_lanes);
  Status send(Producer::Topic* topic, const RecordMessage& message);
  Status explain(Status status, bool committing) const;
  // Whether a newer process has the record, or had it and has taken it away.
  Result<bool> is_overtaken() const;
  Status too_late(ErrorKind kind, const std::string& more) const;

  const KafkaOptions options_;
  const RecordTopic& records_;
  const int lane_;
  const uint64_t fence_;
  int64_t num_rows_;  // committed
  int64_t num_prepared_rows_ = 0;
  const std::shared_ptr<Producer> producer_;
  Producer::Topic* rows_topic_ = nullptr;
  Producer::Topic* record_topic_ = nullptr;
  std::shared_ptr<arrow::io::BufferOutputStream> text_;
  std::unique_ptr<formats::Encoder> encoder_;
  std::vector<int> key_columns_;
  std::unique_ptr<formats::Encoder> key_encoder_;  // nullptr: messages have no key
  std::chrono::steady_clock::time_point begin_{};
  int64_t bytes_written_ = 0;
};

/// Start encoding rows as lines of JSON, in their envelope. Errors: kSchemaMismatch
/// naming the column.
Result<std::unique_ptr<formats::Encoder>> make_row_encoder(
    std::shared_ptr<arrow::io::OutputStream> output, const KafkaOptions& options,
    const std::shared_ptr<arrow::Schema>& schema);

/// The places of the columns that are the messages' key. Errors: kSchemaMismatch for one
/// that is not there, also for `_op` where tombstones are asked for.
Result<std::vector<int>> find_key(const KafkaOptions& options,
                                  const arrow::Schema& schema);

}  // namespace velo::kafka
