#pragma once

/// What values of two types are compared as.

#include <arrow/type.h>

#include <string>
#include <vector>

#include "velo/error.h"

namespace velo::verification {

/// A type that values of several types have in common.
enum class CommonType : int8_t {
  kNothing,  ///< NULL throughout
  kBoolean,
  kInteger,
  kNumber,  ///< decimal digits: of a floating-point number the fewest that name it
  kDouble,  ///< all NaN are one, and so are 0 and -0
  kFloat,   ///< a double that is a float, exactly or by its digits, is that
  kText,
  kBinary,
  kBase64,  ///< bytes, and text that holds them
  kDate,
  kTime,
  kTimestamp,  ///< on the wall
  kInstant,    ///< a timestamp without a zone is in UTC
  kDuration,
  kInterval,
  kList,
  kStruct,
  kMap,  ///< whatever the order of its entries
};

/// Text is read as the other type, strictly; what cannot be is another value.
struct Comparison {
  CommonType type = CommonType::kNothing;
  /// Of a list its items', of a struct its members', of a map its keys' and its items'.
  std::vector<Comparison> parts;
  std::vector<std::string> names;  ///< of a struct's members, in the order of `parts`
};

/// What two types have in common. Errors: kSchemaMismatch where that is nothing.
Result<Comparison> comparison_of(const arrow::DataType& one,
                                 const arrow::DataType& other);

/// For people: "number", "list of text".
std::string name_of(const Comparison& comparison);

}  // namespace velo::verification
