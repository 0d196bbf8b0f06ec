#pragma once

/// Messages of one type, one behind the other, as rows.

#include <arrow/array/builder_nested.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "velo/formats/protobuf/message_appender.h"

namespace velo::formats::protobuf {

/// Threads: thread-compatible.
class MessageColumns {
 public:
  /// `columns` are some of those that schema_of() tells, each once.
  /// Errors: kCorruptData of the descriptor; kSystem (no memory).
  static Result<std::unique_ptr<MessageColumns>> make(const MessageDescriptor& message,
                                                      const arrow::FieldVector& columns);

  /// Append a message as a row. False where it is none: run() says why, and what was
  /// appended before is lost; begin anew, with another one of these.
  bool append(std::string_view message);

  const DecodeRun& run() const { return run_; }
  int64_t num_rows() const { return builder_->length(); }

  /// The rows so far, a column each; begins anew. Errors: kSystem (no memory).
  Result<arrow::ArrayVector> finish();

 private:
  MessageColumns() = default;

  std::unique_ptr<arrow::ArrayBuilder> builder_;  // of a struct
  std::unique_ptr<MessageAppender> appender_;
  DecodeRun run_;
};

}  // namespace velo::formats::protobuf
