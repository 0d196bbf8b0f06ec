#pragma once

/// One field of a message, written with its tag.

#include <arrow/array.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "velo/formats/protobuf/value_encoder.h"

namespace velo::formats::protobuf {

/// Threads: thread-compatible.
class FieldEncoder {
 public:
  FieldEncoder(std::string name, std::optional<int32_t> oneof)
      : name_(std::move(name)), oneof_(oneof) {}
  virtual ~FieldEncoder() = default;

  const std::string& name() const { return name_; }
  std::optional<int32_t> oneof() const { return oneof_; }

  /// Go over to this array. Errors: as ValueEncoder::bind.
  virtual Status bind(const std::shared_ptr<arrow::Array>& array) = 0;

  /// Append the field of a row; nothing where that says the same.
  /// Errors: kSchemaMismatch for a value that cannot be written, also NULL.
  virtual Status write(int64_t row, std::string& out) = 0;

 private:
  const std::string name_;
  const std::optional<int32_t> oneof_;
};

/// Make the one of a field with a column of this type. Errors: kSchemaMismatch.
Result<std::unique_ptr<FieldEncoder>> make_field_encoder(
    const FieldDescriptor& field, const std::shared_ptr<arrow::DataType>& type);

}  // namespace velo::formats::protobuf
