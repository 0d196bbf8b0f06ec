#pragma once

/// Messages that hold one JSON object each, as rows.

#include <arrow/record_batch.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "velo/formats/format.h"
#include "velo/formats/record_limit.h"

namespace velo::kafka {

/// The rows of some messages.
struct DecodedMessages {
  arrow::RecordBatchVector batches;
  /// Of the message of each row. Of changes, messages that are none are left out.
  std::vector<int64_t> offsets;
};

/// A message that is no row; its error says where it stands.
struct BadMessage {
  int64_t offset;
  BadRecord record;  ///< without a position
};

/// Messages of one partition, in their order, until they are decoded together: as lines
/// of one text, so that the decoder works at its pace. Threads: thread-compatible.
class JsonMessages {
 public:
  /// `place` is for messages to people: "kafka://localhost:9092/events: partition 3".
  explicit JsonMessages(std::string place,
                        int64_t max_record_bytes = formats::kMaxRecordBytes)
      : place_(std::move(place)), max_record_bytes_(max_record_bytes) {}

  /// Take a message on. Errors: kCorruptData, with its offset, for one that cannot be an
  /// object, or is too large.
  Status append(int64_t offset, std::optional<std::string_view> payload);

  /// Of a message, counted from 0.
  int64_t offset(size_t number) const { return offsets_[number]; }
  int64_t num_messages() const { return static_cast<int64_t>(offsets_.size()); }
  int64_t num_bytes() const { return static_cast<int64_t>(text_.size()); }

  /// A row for each message, in one batch or several; begins anew. `options` has a
  /// schema. Errors: kCorruptData, kSchemaMismatch, with the offset of the first message
  /// at fault.
  Result<DecodedMessages> decode(const formats::DecodeOptions& options);

  /// Take the messages out that decode() would fail with, in their order. Errors: others
  /// than decode()'s.
  Result<std::vector<BadMessage>> take_bad(const formats::DecodeOptions& options);

  /// The columns that were inferred, with those that these messages have beside them, and
  /// types widened for their values; the very same where that would not help.
  std::shared_ptr<arrow::Schema> with_their_columns(
      const formats::DecodeOptions& inferred) const;

  /// The columns that messages of some partitions ask for. Errors: as decode(), unless
  /// bad messages are kept: then those do not count, where there is a good one.
  static Result<std::shared_ptr<arrow::Schema>> infer_schema(
      const std::map<int32_t, JsonMessages>& sample, formats::Envelope envelope,
      bool keeps_bad);

 private:
  Result<int64_t> count_rows(size_t number, std::string_view message,
                             const formats::DecodeOptions& options) const;
  Status drop_what_is_none(const formats::DecodeOptions& options);
  void append_line(int64_t offset, std::string_view object);
  Status at(int64_t offset, std::string message) const;
  std::string name_of(int64_t offset) const;
  Status find_fault(const formats::DecodeOptions& options, const Status& otherwise) const;

  std::string place_;
  int64_t max_record_bytes_;
  std::string text_;
  std::vector<int64_t> offsets_;
  std::vector<size_t> ends_;  // of each message's line in text_
};

}  // namespace velo::kafka
