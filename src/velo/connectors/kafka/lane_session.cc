#include "velo/connectors/kafka/lane_session.h"

#include <arrow/array.h>
#include <fmt/format.h>

#include <utility>

#include "velo/columnar/change_columns.h"
#include "velo/formats/json/encoder.h"

namespace velo::kafka {
namespace {

constexpr int64_t kTextBytes = int64_t{1} << 20;
// By parts, so that a large batch does not stand beside all of its text.
constexpr int64_t kRowsAtOnce = 4096;

// The next line of those that are left.
std::string_view take_line(std::string_view& lines) {
  const std::string_view line = lines.substr(0, lines.find('\n'));
  lines.remove_prefix(line.size() + 1);
  return line;
}

// What became of each row: "ccud", or nothing where that is not told.
std::string operations_of(const arrow::RecordBatch& rows) {
  const auto column = rows.GetColumnByName(kOperationColumn);
  if (!column || column->type_id() != arrow::Type::STRING) return {};
  const auto& operations = static_cast<const arrow::StringArray&>(*column);
  std::string result;
  for (int64_t row = 0; row < operations.length(); ++row) {
    const bool is_one = operations.IsValid(row) && operations.value_length(row) == 1;
    result += is_one ? operations.GetView(row).front() : '?';
  }
  return result;
}

}  // namespace

Result<std::unique_ptr<formats::Encoder>> make_row_encoder(
    std::shared_ptr<arrow::io::OutputStream> output, const KafkaOptions& options,
    const std::shared_ptr<arrow::Schema>& schema) {
  return options.envelope == formats::Envelope::kDebezium
             ? formats::json::make_change_encoder(std::move(output), schema,
                                                  options.max_record_bytes)
             : formats::json::make_encoder(std::move(output), schema,
                                           options.max_record_bytes);
}

Result<std::vector<int>> find_key(const KafkaOptions& options,
                                  const arrow::Schema& schema) {
  const auto refuse = [&](std::string message) {
    return make_error(ErrorKind::kSchemaMismatch,
                      {.connector = "kafka", .resource = options.shown},
                      std::move(message));
  };
  std::vector<int> columns;
  for (const std::string& name : options.key) {
    columns.push_back(schema.GetFieldIndex(name));
    if (columns.back() >= 0) continue;
    return refuse(fmt::format("key names a column '{}' that the rows do not have", name));
  }
  const auto op = schema.GetFieldByName(kOperationColumn);
  if (!options.tombstones || (op && op->type()->id() == arrow::Type::STRING)) {
    return columns;
  }
  return refuse(
      "tombstones=true follows deletions, and the rows have no column '_op' of "
      "text that would tell of them");
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
  ARROW_RETURN_NOT_OK(session->change_schema(schema));
  return session;
}

Status LaneSession::change_schema(const std::shared_ptr<arrow::Schema>& schema) {
  ARROW_ASSIGN_OR_RAISE(encoder_, make_row_encoder(text_, options_, schema));
  ARROW_ASSIGN_OR_RAISE(key_columns_, find_key(options_, *schema));
  if (key_columns_.empty()) return Status::OK();
  arrow::FieldVector key;
  for (const int column : key_columns_) key.push_back(schema->field(column));
  return formats::json::make_encoder(text_, arrow::schema(std::move(key)))
      .Value(&key_encoder_);
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
  ARROW_ASSIGN_OR_RAISE(const std::string text, encode(*encoder_, rows));
  std::string keys;
  std::string operations;
  if (key_encoder_) {
    ARROW_ASSIGN_OR_RAISE(const auto columns, rows.SelectColumns(key_columns_));
    ARROW_ASSIGN_OR_RAISE(keys, encode(*key_encoder_, *columns));
    operations = operations_of(rows);
  }
  std::string_view lines = text;
  std::string_view key_lines = keys;
  for (size_t row = 0; !lines.empty(); ++row) {
    const std::string_view line = take_line(lines);
    const char op = operations.empty() ? '?' : operations[row];
    std::string_view key = key_encoder_ ? take_line(key_lines) : std::string_view();
    if (op == 't') key = {};  // it is of all keys
    ARROW_RETURN_NOT_OK(producer_->send(rows_topic_, key, line, stop));
    if (op != 'd' || !options_.tombstones) continue;
    ARROW_RETURN_NOT_OK(producer_->send(rows_topic_, key, std::nullopt, stop));
  }
  bytes_written_ += static_cast<int64_t>(text.size() + keys.size());
  return Status::OK();
}

Result<std::string> LaneSession::encode(formats::Encoder& encoder,
                                        const arrow::RecordBatch& rows) {
  ARROW_RETURN_NOT_OK(encoder.write(rows));
  ARROW_ASSIGN_OR_RAISE(const auto text, text_->Finish());
  ARROW_RETURN_NOT_OK(text_->Reset(kTextBytes));
  return text->ToString();
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
