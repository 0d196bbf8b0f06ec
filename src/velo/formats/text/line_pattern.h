#pragma once

/// A regular expression whose named groups are columns.

#include <arrow/array.h>
#include <arrow/type.h>

#include <memory>
#include <string>

#include "velo/error.h"

namespace velo::formats {

/// The expression is RE2's, in Arrow: it takes time linear in the text. Immutable.
class LinePattern {
 public:
  /// Errors: kInvalidArgument, with what RE2 says of it.
  static Result<LinePattern> parse(const std::string& pattern);

  /// One column of text for each group, in their order.
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }

  /// The groups of each line, a struct with the schema's columns; NULL where the line, as
  /// a whole, does not match.
  Result<std::shared_ptr<arrow::StructArray>> match(
      const std::shared_ptr<arrow::Array>& lines) const;

 private:
  std::string whole_line_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace velo::formats
