#include "velo/connectors/kafka/lane_session.h"

#include <fmt/format.h>

#include <utility>

#include "velo/formats/json/encoder.h"

namespace velo::kafka {
namespace {

constexpr int64_t kTextBytes = int64_t{1} << 20;
// By parts, so that a large batch does not stand beside all of its text.
constexpr int64_t kRowsAtOnce = 4096;

}  // namespace

Result<std::unique_ptr<formats::Encoder>> make_row_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema) {
  return formats::json::make_encoder(std::move(output), schema);
}

Result<std::shared_ptr<LaneSession>> LaneSession::make(
    const KafkaOptions& options, const RecordTopic& records, int lane, uint64_t fence,
    int64_t num_rows, std::shared_ptr<Producer> producer,
    const std::shared_ptr<arrow::Schema>& schema) {
  std::shared_ptr<LaneSession> session(
      new LaneSession(options, records, lane, fence, num_rows, std::move(producer)));
  ARROW_ASSIGN_OR_RAISE(session->rows_topic_,
                        session->producer_->open_topic(options.topic));
  ARROW_ASSIGN_OR_RAISE(session->record_topic_,
                        session->producer_->open_topic(records.name()));
  ARROW_ASSIGN_OR_RAISE(session->text_,
                        arrow::io::BufferOutputStream::Create(kTextBytes));
  ARROW_ASSIGN_OR_RAISE(session->encoder_, make_row_encoder(session->text_, schema));
  return session;
}

Status LaneSession::begin() {
  if (producer_->in_transaction()) return Status::OK();
  begin_ = std::chrono::steady_clock::now();
  return producer_->begin();
}

Status LaneSession::write(const arrow::RecordBatch& rows, const std::stop_token& stop) {
  for (int64_t row = 0; row < rows.num_rows(); row += kRowsAtOnce) {
    ARROW_RETURN_NOT_OK(
        explain(send_rows(*rows.Slice(row, kRowsAtOnce), stop), /*committing=*/false));
  }
  return Status::OK();
}

Status LaneSession::send_rows(const arrow::RecordBatch& rows,
                              const std::stop_token& stop) {
  ARROW_RETURN_NOT_OK(begin());
  ARROW_RETURN_NOT_OK(encoder_->write(rows));
  ARROW_ASSIGN_OR_RAISE(const auto text, text_->Finish());
  ARROW_RETURN_NOT_OK(text_->Reset(kTextBytes));
  std::string_view lines(*text);
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    ARROW_RETURN_NOT_OK(producer_->send(rows_topic_, /*key=*/{}, line, stop));
    lines.remove_prefix(line.size() + 1);
  }
  bytes_written_ += static_cast<int64_t>(text->size());
  return Status::OK();
}

Status LaneSession::send(Producer::Topic* topic, const RecordMessage& message) {
  return producer_->send(topic, message.first, message.second, {});
}

Status LaneSession::prepare(const CommitRecord& record, int num_lanes) {
  return explain(send_record(record, num_lanes), /*committing=*/false);
}

Status LaneSession::send_record(const CommitRecord& record, int num_lanes) {
  ARROW_RETURN_NOT_OK(begin());
  for (const auto& [split, progress] : record.positions) {
    ARROW_RETURN_NOT_OK(
        send(record_topic_, split_message(lane_, record.epoch, split, progress)));
  }
  num_prepared_rows_ = record.num_rows;
  ARROW_RETURN_NOT_OK(
      send(record_topic_,
           lane_message(lane_, num_lanes, num_rows_ + num_prepared_rows_, record)));
  return producer_->flush();
}

Status LaneSession::commit() {
  ARROW_RETURN_NOT_OK(explain(producer_->commit(), /*committing=*/true));
  num_rows_ += std::exchange(num_prepared_rows_, 0);
  return Status::OK();
}

// A transaction that was open for too long fails in many ways, and also looks as one
// whose id another process has.
Status LaneSession::explain(Status status, bool committing) const {
  if (status.ok()) return status;
  const ErrorKind kind = kind_of(status);
  const bool is_late =
      std::chrono::steady_clock::now() - begin_ >= options_.transaction_timeout;
  if (kind == ErrorKind::kTransient && is_late) {
    const auto overtaken = is_overtaken();
    if (!overtaken.ok() || !*overtaken) {
      return too_late(kind, " (" + status.message() + ")");
    }
  } else if (kind != ErrorKind::kFenced) {
    return status;
  } else if (is_late) {
    ARROW_ASSIGN_OR_RAISE(const bool overtaken, is_overtaken());
    if (!overtaken) {
      return too_late(committing ? ErrorKind::kCommitStateUnknown : ErrorKind::kTransient,
                      "; commit more often or let it be longer");
    }
  }
  return make_error(
      ErrorKind::kFenced, {.connector = "kafka", .resource = options_.shown},
      fmt::format("a newer run of this pipeline has taken over (fence {} is "
                  "ours); this one has stopped and committed nothing more",
                  fence_));
}

Result<bool> LaneSession::is_overtaken() const {
  ARROW_ASSIGN_OR_RAISE(const auto control, Client::open_control(options_));
  ARROW_ASSIGN_OR_RAISE(const auto partitions, control->partitions(records_.name()));
  if (!partitions) return true;
  ARROW_ASSIGN_OR_RAISE(const auto reader, records_.open_reader({}));
  ARROW_RETURN_NOT_OK(reader->read_all(*control, {}));
  return reader->log().record().fence > fence_;
}

Status LaneSession::too_late(ErrorKind kind, const std::string& more) const {
  return make_error(kind, {.connector = "kafka", .resource = options_.shown},
                    fmt::format("the transaction was open for longer than "
                                "transaction_timeout ({} s), and the broker ends such: "
                                "its rows are written again when the pipeline goes on{}",
                                options_.transaction_timeout.count() / 1000, more));
}

}  // namespace velo::kafka
