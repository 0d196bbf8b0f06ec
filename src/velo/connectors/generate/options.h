#pragma once

#include <cstdint>
#include <vector>

#include "velo/connectors/generate/tables.h"
#include "velo/error.h"
#include "velo/options.h"
#include "velo/uri.h"

namespace velo::generate {

/// What a URI of this connector says, checked.
struct GenerateOptions {
  const Table* table = nullptr;
  int64_t num_rows = 0;  ///< the largest int64 for a table without end
  bool unbounded = false;
  uint64_t seed = 1;
  int64_t rows_per_second = 0;  ///< 0: as fast as possible
  int64_t batch_rows = 0;       ///< most rows in one batch

  /// Errors: kNotFound (no such table; the nearest is named), kInvalidArgument.
  static Result<GenerateOptions> from_uri(const Uri& uri);
};

/// The option table, as `velo help generate` prints it.
const std::vector<OptionDescriptor>& generate_options();

}  // namespace velo::generate
