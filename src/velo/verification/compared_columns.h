#pragma once

/// Which columns of two sources are compared, and as what.

#include <arrow/type.h>

#include <memory>
#include <string>
#include <vector>

#include "velo/verification/comparison.h"
#include "velo/verify.h"

namespace velo::verification {

enum class Side : int8_t { kSource, kSink };

/// A column of both.
struct ColumnPair {
  std::shared_ptr<arrow::Field> source;
  std::shared_ptr<arrow::Field> sink;
  Comparison comparison;

  const arrow::Field& of(Side side) const {
    return side == Side::kSource ? *source : *sink;
  }
};

struct ComparedColumns {
  std::vector<ColumnPair> pairs;  ///< those of the key first
  size_t num_keys = 0;
  std::vector<std::string> not_compared;
};

/// Errors: kSchemaMismatch, kInvalidArgument, see velo::verify().
Result<ComparedColumns> match_columns(const arrow::Schema& source,
                                      const arrow::Schema& sink,
                                      const VerifyOptions& options);

/// The same for people.
std::vector<ComparedColumn> describe(const ComparedColumns& columns);

}  // namespace velo::verification
