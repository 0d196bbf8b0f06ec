#pragma once

/// One object for each column, made once per schema, that writes values as text. What
/// text formats write alike is here; each has its own writers for the rest.

#include <arrow/array.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>

#include "velo/error.h"
#include "velo/formats/text_buffer.h"

namespace velo::formats {

/// Writes the values of one column. Threads: thread-compatible.
class ValueWriter {
 public:
  virtual ~ValueWriter() = default;

  /// Go over to this array, of the writer's type.
  /// Errors: kSchemaMismatch for a value that cannot be written.
  virtual Status bind(const std::shared_ptr<arrow::Array>& array) {
    array_ = array;
    has_nulls_ = array->null_count() > 0;
    return Status::OK();
  }

  bool is_null(int64_t row) const { return has_nulls_ && array_->IsNull(row); }

  /// Append the value of a row that is not null: each format has its own word for that.
  /// Errors: kSchemaMismatch for a value that cannot be written.
  virtual Status write(int64_t row, TextBuffer& out) = 0;

 protected:
  template <typename Array>
  const Array& array() const {
    return static_cast<const Array&>(*array_);
  }

 private:
  std::shared_ptr<arrow::Array> array_;
  bool has_nulls_ = false;
};

/// The writer of bool (true, false), of integers, durations (the number of units) and
/// decimals (all digits of their scale); nullptr for any other type.
std::unique_ptr<ValueWriter> make_plain_writer(const arrow::DataType& type);

/// How a text format shows dates and times.
struct TimeStyle {
  bool quoted = false;
  char separator = 'T';  ///< between date and time
};

/// The writer of dates, times and timestamps, as ISO 8601, a timestamp with a zone in UTC
/// with a Z; nullptr for any other type. What is out of ISO 8601's range is an error.
std::unique_ptr<ValueWriter> make_time_writer(const arrow::DataType& type,
                                              TimeStyle style);

}  // namespace velo::formats
