#pragma once

/// Values of a column, as they are on the wire.

#include <arrow/array.h>

#include <cstdint>
#include <memory>
#include <string>

#include "velo/error.h"
#include "velo/formats/protobuf/descriptor.h"
#include "velo/formats/protobuf/wire.h"

namespace velo::formats::protobuf {

/// Writes values of one field: of its elements, where it is repeated. Threads:
/// thread-compatible.
class ValueEncoder {
 public:
  virtual ~ValueEncoder() = default;

  virtual WireType wire() const = 0;

  /// Go over to this array, of the type that it was made for.
  /// Errors: kSchemaMismatch for a value that cannot be written.
  virtual Status bind(const std::shared_ptr<arrow::Array>& array) = 0;

  /// Append what stands behind the tag, of a row that is not null.
  /// Errors: kSchemaMismatch for a value that cannot be written.
  virtual Status write(int64_t row, std::string& out) = 0;
};

/// Make the one that writes values of this Arrow type, or of one that loses nothing in
/// that of the field. Errors: kSchemaMismatch, naming both types.
Result<std::unique_ptr<ValueEncoder>> make_value_encoder(
    const FieldDescriptor& field, const std::shared_ptr<arrow::DataType>& type);

}  // namespace velo::formats::protobuf
