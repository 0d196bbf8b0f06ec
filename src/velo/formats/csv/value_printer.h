#pragma once

/// One object for each column, made once per schema, that writes values as CSV:
///
///   bool                             true, false
///   integers, floating point         so that reading them gives the same value
///   decimals                         with all digits of their scale
///   date, time, timestamp            ISO 8601, with a space between date and time; in
///                                    UTC with a Z where they have a zone
///   text                             in quotes only where it must be
///   dictionary                       as the values it stands for

#include <arrow/array.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>

#include "velo/error.h"
#include "velo/formats/json/text_buffer.h"

namespace velo::formats {

using json::TextBuffer;

/// Writes the values of one column. Threads: thread-compatible.
class ValuePrinter {
 public:
  virtual ~ValuePrinter() = default;

  /// Go over to this array, of the printer's type.
  virtual Status bind(const std::shared_ptr<arrow::Array>& array) {
    array_ = array;
    has_nulls_ = array->null_count() > 0;
    return Status::OK();
  }

  /// Append the value of a row; nothing where it is NULL.
  /// Errors: kSchemaMismatch for a date beyond ISO 8601's years.
  Status print(int64_t row, TextBuffer& out) {
    return has_nulls_ && array_->IsNull(row) ? Status::OK() : print_valid(row, out);
  }

 protected:
  virtual Status print_valid(int64_t row, TextBuffer& out) = 0;

  template <typename Array>
  const Array& array() const {
    return static_cast<const Array&>(*array_);
  }

 private:
  std::shared_ptr<arrow::Array> array_;
  bool has_nulls_ = false;
};

/// Make the printer of a column; nullptr for a type that CSV cannot hold. Needs
/// arrow::compute::Initialize().
std::unique_ptr<ValuePrinter> make_value_printer(const arrow::DataType& type,
                                                 char delimiter);

/// Append a text, in quotes if it is empty or holds a delimiter, a quote or a line break.
void print_text(std::string_view text, char delimiter, TextBuffer& out);

}  // namespace velo::formats
