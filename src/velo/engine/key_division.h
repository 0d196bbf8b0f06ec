#pragma once

/// Dividing rows among lanes by their key.

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "velo/error.h"

namespace velo::engine {

/// Says which of several lanes a row goes to: those whose key columns are equal go to
/// one. Which one that is may be another in each version, and after the columns have
/// changed: nothing that is kept depends on it. Immutable.
class KeyDivision {
 public:
  /// Errors: kNotImplemented for a column whose equal values need not have equal bytes;
  /// kInvalidArgument for one that is not there.
  static Result<KeyDivision> make(const arrow::Schema& schema,
                                  const std::vector<std::string>& key, size_t num_lanes);

  /// The rows of each lane, in their order; nullptr where it has none. The rows have the
  /// schema that it was made for.
  Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> divide(
      const std::shared_ptr<arrow::RecordBatch>& rows) const;

 private:
  KeyDivision(std::vector<int> columns, size_t num_lanes)
      : columns_(std::move(columns)), num_lanes_(num_lanes) {}

  std::vector<int> columns_;
  size_t num_lanes_;
};

}  // namespace velo::engine
