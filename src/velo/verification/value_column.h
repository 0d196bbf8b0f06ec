#pragma once

/// A CanonicalColumn of a type of arrays and a function.

#include <memory>
#include <string>
#include <utility>

#include "velo/verification/canonical.h"

namespace velo::verification {

/// NULL is a zero; before any other value stands a one, so that it comes first.
template <typename Values, typename Append>
class ValueColumn : public CanonicalColumn {
 public:
  ValueColumn(std::shared_ptr<arrow::Array> column, Append append)
      : column_(std::move(column)),
        values_(static_cast<const Values&>(*column_)),
        append_(std::move(append)) {}

  void append(int64_t row, std::string& bytes) const override {
    if (values_.IsNull(row)) {
      bytes += '\0';
      return;
    }
    bytes += '\1';
    append_(values_, row, bytes);
  }

 private:
  const std::shared_ptr<arrow::Array> column_;
  const Values& values_;
  const Append append_;
};

/// `append` appends the bytes of a value that is not NULL.
template <typename Values, typename Append>
std::unique_ptr<CanonicalColumn> value_column(std::shared_ptr<arrow::Array> column,
                                              Append append) {
  return std::make_unique<ValueColumn<Values, Append>>(std::move(column),
                                                       std::move(append));
}

}  // namespace velo::verification
