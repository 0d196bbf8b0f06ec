#pragma once

/// The bytes by which rows are compared.

#include <arrow/record_batch.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "velo/verification/canonical.h"
#include "velo/verification/compared_columns.h"
#include "velo/verification/digest.h"

namespace velo::verification {

/// Tells the rows of one side. Threads: thread-compatible.
class CanonicalRows {
 public:
  /// `columns` outlives it.
  CanonicalRows(const ComparedColumns& columns, Side side)
      : columns_(columns), side_(side) {}

  /// Take the rows of a batch. Errors: kSchemaMismatch where a column is not there, or is
  /// of another type than was told.
  Status bind(const arrow::RecordBatch& batch);

  /// Go to a row.
  void move_to(int64_t row);

  /// All of the row.
  Digest digest() const { return digest_of(bytes_); }
  /// Its key, where there is one, else all of it. The bytes live until the next move_to.
  std::string_view key() const { return std::string_view(bytes_).substr(0, key_size_); }
  /// The first column's value: sorts as those do.
  std::string_view first() const;
  /// One column's value.
  std::string_view value(size_t column) const;
  /// The same for people; nullopt for NULL.
  std::optional<std::string> text(size_t column) const;

 private:
  const ComparedColumns& columns_;
  const Side side_;
  std::vector<std::shared_ptr<arrow::Array>> arrays_;
  std::vector<std::unique_ptr<CanonicalColumn>> canonical_;
  int64_t row_ = 0;
  std::string bytes_;
  std::vector<std::pair<size_t, size_t>> values_;  // where they begin and end
  size_t key_size_ = 0;
};

}  // namespace velo::verification
