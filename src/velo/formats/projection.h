#pragma once

/// Which columns of a file are wanted.

#include <arrow/type.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "velo/error.h"

namespace velo::formats {

struct Projection {
  std::vector<int> indices;               ///< in the whole schema, one per column wanted
  std::shared_ptr<arrow::Schema> schema;  ///< of the columns wanted
};

/// Find the wanted columns by name; nullopt wants all.
/// Errors: kInvalidArgument for a name that is not there, listing those that are.
Result<Projection> project(const arrow::Schema& whole,
                           const std::optional<std::vector<std::string>>& columns,
                           const std::string& resource);

/// Those of the wanted columns that are there.
std::optional<std::vector<std::string>> known_columns(
    const arrow::Schema& whole, std::optional<std::vector<std::string>> columns);

}  // namespace velo::formats
