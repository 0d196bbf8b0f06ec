#pragma once

/// Structs, written as messages.

#include <arrow/type.h>

#include <memory>
#include <string>
#include <vector>

#include "velo/formats/protobuf/field_encoder.h"
#include "velo/formats/protobuf/value_encoder.h"

namespace velo::formats::protobuf {

/// Writes messages of one type. Threads: thread-compatible.
class MessageEncoder : public ValueEncoder {
 public:
  /// `columns` become the fields of their names; a field that has none is left out.
  /// Errors: kSchemaMismatch for a column that is no field, or cannot be written as what
  /// that is; for a required field without a column.
  static Result<std::unique_ptr<MessageEncoder>> make(const MessageDescriptor& message,
                                                      const arrow::FieldVector& columns);

  WireType wire() const override { return WireType::kBytes; }
  Status bind(const std::shared_ptr<arrow::Array>& structs) override;
  Status bind(const arrow::ArrayVector& columns);

  /// Behind its length.
  Status write(int64_t row, std::string& out) override;

 private:
  MessageEncoder() = default;

  std::vector<std::unique_ptr<FieldEncoder>> fields_;  // one for each column
  std::vector<const FieldEncoder*> oneofs_;            // of each the one that was written
  std::string message_;
};

}  // namespace velo::formats::protobuf
