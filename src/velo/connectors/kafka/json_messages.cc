#include "velo/connectors/kafka/json_messages.h"

#include <arrow/io/memory.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "velo/base/ascii.h"
#include "velo/columnar/schema_union.h"
#include "velo/formats/json/decoder.h"

namespace velo::kafka {
namespace {

// Messages were counted already.
constexpr int64_t kAll = std::numeric_limits<int64_t>::max();

Result<std::unique_ptr<formats::Decoder>> open(std::string name, std::string_view text,
                                               formats::DecodeOptions options) {
  options.keep_bad_records = false;
  formats::json::DecoderLimits limits;
  limits.sample_records = kAll;
  limits.sample_bytes = kAll;
  limits.cutter.max_record_bytes = std::max(std::ssize(text), formats::kMaxRecordBytes);
  limits.cutter.block_bytes =
      std::clamp<int64_t>(std::ssize(text) + 1, 1, limits.cutter.block_bytes);
  auto stream =
      std::make_shared<arrow::io::BufferReader>(std::make_shared<arrow::Buffer>(text));
  return formats::json::make_decoder({std::move(name), std::move(stream), nullptr},
                                     std::move(options), limits);
}

Result<arrow::RecordBatchVector> read_all(std::string name, std::string_view text,
                                          const formats::DecodeOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const auto decoder, open(std::move(name), text, options));
  arrow::RecordBatchVector batches;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, decoder->next({}));
    if (batch == nullptr) return batches;
    batches.push_back(std::move(batch));
  }
}

// The beginning of a message, fit to be printed.
std::string beginning_of(std::string_view object) {
  constexpr size_t kMostShown = 40;
  std::string shown(object.substr(0, kMostShown));
  for (char& c : shown) {
    if (!is_ascii(c) || is_ascii_control(c)) c = '?';
  }
  return object.size() > kMostShown ? shown + "…" : shown;
}

int64_t count_rows(const arrow::RecordBatchVector& batches) {
  int64_t num_rows = 0;
  for (const auto& batch : batches) num_rows += batch->num_rows();
  return num_rows;
}

}  // namespace

std::string JsonMessages::name_of(int64_t offset) const {
  return fmt::format("{}, offset {}", place_, offset);
}

Status JsonMessages::at(int64_t offset, std::string message) const {
  return make_error(ErrorKind::kCorruptData,
                    {.connector = "kafka", .resource = name_of(offset)},
                    std::move(message));
}

// Where each begins with '{' and ends with '}', objects of several messages cannot be
// taken for one: nowhere in JSON does '{' follow '}', and no text goes over a newline.
Status JsonMessages::append(int64_t offset, std::optional<std::string_view> payload) {
  if (!payload) {
    return at(offset,
              "the message has no payload (a tombstone), and a JSON object is "
              "expected");
  }
  if (std::ssize(*payload) > max_record_bytes_) {
    return at(offset, fmt::format("the message has {} bytes: {}", payload->size(),
                                  formats::too_large(max_record_bytes_)));
  }
  const std::string_view object = trim(*payload);
  if (object.empty()) {
    return at(offset, "the message is empty, and a JSON object is expected");
  }
  if (object.front() != '{' || object.back() != '}') {
    return at(offset, "the message is no JSON object: " + beginning_of(object));
  }
  append_line(offset, object);
  return Status::OK();
}

void JsonMessages::append_line(int64_t offset, std::string_view object) {
  text_ += object;
  text_ += '\n';
  offsets_.push_back(offset);
  ends_.push_back(text_.size());
}

// One; of changes none, too, where the message is a tombstone that was wrapped up, or an
// application's.
Result<int64_t> JsonMessages::count_rows(size_t number, std::string_view message,
                                         const formats::DecodeOptions& options) const {
  ARROW_ASSIGN_OR_RAISE(const auto batches,
                        read_all(name_of(offsets_[number]), message, options));
  const int64_t num_rows = kafka::count_rows(batches);
  const bool may_be_none = options.envelope == formats::Envelope::kDebezium;
  if (num_rows == 1 || (num_rows == 0 && may_be_none)) return num_rows;
  return at(
      offsets_[number],
      fmt::format("the message holds {} JSON objects, and one is expected", num_rows));
}

Status JsonMessages::drop_what_is_none(const formats::DecodeOptions& options) {
  JsonMessages rows(place_, max_record_bytes_);
  size_t begin = 0;
  for (size_t i = 0; i < offsets_.size(); ++i) {
    auto message = std::string_view(text_).substr(begin, ends_[i] - begin);
    begin = ends_[i];
    ARROW_ASSIGN_OR_RAISE(const int64_t num_rows, count_rows(i, message, options));
    message.remove_suffix(1);
    if (num_rows == 1) rows.append_line(offsets_[i], message);
  }
  *this = std::move(rows);
  return Status::OK();
}

// The messages are decoded one by one, until one fails.
Status JsonMessages::find_fault(const formats::DecodeOptions& options,
                                const Status& otherwise) const {
  size_t begin = 0;
  for (size_t i = 0; i < offsets_.size(); ++i) {
    const auto message = std::string_view(text_).substr(begin, ends_[i] - begin);
    begin = ends_[i];
    ARROW_RETURN_NOT_OK(count_rows(i, message, options));
  }
  return otherwise;
}

Result<std::vector<BadMessage>> JsonMessages::take_bad(
    const formats::DecodeOptions& options) {
  JsonMessages good(place_, max_record_bytes_);
  std::vector<BadMessage> bad;
  size_t begin = 0;
  for (size_t i = 0; i < offsets_.size(); ++i) {
    auto message = std::string_view(text_).substr(begin, ends_[i] - begin);
    begin = ends_[i];
    Status status = count_rows(i, message, options).status();
    message.remove_suffix(1);  // the line break that append_line() puts there
    if (status.ok()) {
      good.append_line(offsets_[i], message);
      continue;
    }
    if (!formats::is_fault_of_record(status)) return status;
    bad.push_back({offsets_[i], {std::move(status), std::string(message)}});
  }
  *this = std::move(good);
  return bad;
}

Result<DecodedMessages> JsonMessages::decode(const formats::DecodeOptions& options) {
  auto batches = read_all(place_, text_, options);
  if (!batches.ok()) return find_fault(options, batches.status());
  if (kafka::count_rows(*batches) < num_messages() &&
      options.envelope == formats::Envelope::kDebezium) {
    ARROW_RETURN_NOT_OK(drop_what_is_none(options));
  }
  if (kafka::count_rows(*batches) != num_messages()) {
    return find_fault(options, make_error(ErrorKind::kInternal, {.resource = place_},
                                          "messages and rows do not agree"));
  }
  text_.clear();
  ends_.clear();
  return DecodedMessages{*std::move(batches), std::exchange(offsets_, {})};
}

std::shared_ptr<arrow::Schema> JsonMessages::with_their_columns(
    const formats::DecodeOptions& inferred) const {
  const formats::DecodeOptions look{.only_schema = true, .envelope = inferred.envelope};
  auto decoder = open(place_, text_, look);
  if (!decoder.ok()) {
    JsonMessages good = *this;
    const auto bad = good.take_bad({.envelope = inferred.envelope});
    if (!bad.ok() || good.num_messages() == 0) return inferred.schema;
    decoder = open(place_, good.text_, look);
  }
  return decoder.ok() ? widened(inferred.schema, *(*decoder)->schema()) : inferred.schema;
}

Result<std::shared_ptr<arrow::Schema>> JsonMessages::infer_schema(
    const std::map<int32_t, JsonMessages>& sample, formats::Envelope envelope,
    bool keeps_bad) {
  const formats::DecodeOptions options{.envelope = envelope};
  std::string text;
  for (const auto& [partition, messages] : sample) text += messages.text_;
  const auto decoder = open("sample", text, options);
  if (decoder.ok()) return (*decoder)->schema();
  if (keeps_bad) {
    text.clear();
    for (auto [partition, messages] : sample) {
      ARROW_RETURN_NOT_OK(messages.take_bad(options));
      text += messages.text_;
    }
    if (!text.empty()) {
      ARROW_ASSIGN_OR_RAISE(const auto good, open("sample", text, options));
      return good->schema();
    }
  }
  for (const auto& [partition, messages] : sample) {
    ARROW_RETURN_NOT_OK(messages.find_fault(options, Status::OK()));
  }
  return decoder.status();
}

}  // namespace velo::kafka
