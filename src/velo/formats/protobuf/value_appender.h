#pragma once

/// Values of one field, appended to a column.

#include <arrow/array/builder_base.h>

#include <cstdint>
#include <memory>
#include <string>

#include "velo/error.h"
#include "velo/formats/protobuf/descriptor.h"
#include "velo/formats/protobuf/wire.h"

namespace velo::formats::protobuf {

/// What is wrong with the message at hand, and what was counted on the way.
struct DecodeRun {
  std::string problem;      ///< empty for nothing
  std::string path;         ///< of the field that it is in: "items.price"
  Status status;            ///< where it is not the message's fault: no memory
  int64_t num_unknown = 0;  ///< fields that the descriptor does not name

  bool fail(std::string what) {
    problem = std::move(what);
    return false;
  }
  bool fail_inside(const std::string& field) {
    path = path.empty() ? field : field + "." + path;
    return false;
  }
  bool check(const Status& appended) {
    if (appended.ok()) return true;
    status = appended;
    return false;
  }
};

/// Appends values of one type to a builder that it does not own, which schema_of() has
/// given the type. Threads: thread-compatible.
class ValueAppender {
 public:
  virtual ~ValueAppender() = default;

  /// How a value is on the wire. One that comes otherwise is an unknown field.
  virtual WireType wire() const = 0;

  /// Whether it is a value of the field: one that a closed enum does not name is an
  /// unknown field.
  virtual bool is_known(const WireField&) const { return true; }

  /// Of a number its value, which may be on the wire in several ways.
  virtual uint64_t number_of(const WireField& value) const { return value.value; }

  /// Append a value, of a message all of its parts.
  virtual bool append(const WireField& value, DecodeRun& run) = 0;
};

/// Make the one of a field's values: of one element, where it is repeated.
/// Errors: kCorruptData.
Result<std::unique_ptr<ValueAppender>> make_value_appender(const FieldDescriptor& field,
                                                           arrow::ArrayBuilder* builder);

/// What a field has that is not there, as on the wire; `bytes` holds what it refers to.
/// Errors: kCorruptData for a default that is none of the type.
Result<WireField> default_of(const FieldDescriptor& field, std::string* bytes);

}  // namespace velo::formats::protobuf
