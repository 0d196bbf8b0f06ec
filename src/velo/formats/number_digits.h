#pragma once

/// What it takes to hold a number without losing a digit of how it is written.

#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <string_view>

namespace velo::formats {

/// Whether the number, -?[0-9]*(.[0-9]*)?([eE][+-]?[0-9]+)?, comes back, digit by digit,
/// when the nearest double is printed with as many digits; a whole one beyond 17 digits,
/// when the double is equal. True for a text that is no number.
bool double_keeps(std::string_view number);

/// The same for a number whose nearest double is known.
bool double_keeps(std::string_view number, double nearest);

/// Finds the decimal type that holds some numbers with all their digits. Threads:
/// thread-compatible.
class DecimalFit {
 public:
  void add(std::string_view number);

  /// decimal128 of 38 digits, as many behind the point as any of the numbers has; nullptr
  /// where that leaves too few before it.
  std::shared_ptr<arrow::DataType> type() const;

 private:
  int64_t num_whole_ = 0;
  int64_t num_fraction_ = 0;
};

}  // namespace velo::formats
