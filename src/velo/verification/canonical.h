#pragma once

/// The bytes by which values are compared: equal for equal values, whatever types hold
/// them, and in the order of the values.

#include <arrow/array.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "velo/verification/comparison.h"

namespace velo::verification {

/// Tells the values of one column of a batch. Threads: thread-compatible.
class CanonicalColumn {
 public:
  virtual ~CanonicalColumn() = default;

  /// Append the bytes of a row's value.
  virtual void append(int64_t row, std::string& bytes) const = 0;
};

/// Bytes that begin like this are of no value of the common type; the text follows.
inline constexpr char kNotReadable = 2;

/// The values of a column as `comparison` wants them, which comparison_of() has made of
/// its type and another. Errors: kSchemaMismatch, kCorruptData.
Result<std::unique_ptr<CanonicalColumn>> canonical_column(
    std::shared_ptr<arrow::Array> column, const Comparison& comparison);

// What values are made of.

void append_integer(int64_t value, std::string& bytes);
void append_unsigned(uint64_t value, std::string& bytes);
void append_double(double value, std::string& bytes);
/// Of the digits of a number: "-12.50", "1e+22", "NaN". False where it is none, or is
/// written with zeros before it.
bool append_number(std::string_view digits, std::string& bytes);

}  // namespace velo::verification
