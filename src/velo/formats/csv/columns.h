#pragma once

/// The types of a CSV file's columns, where they are not inferred from it.

#include <arrow/type.h>

#include <memory>
#include <string>
#include <vector>

#include "velo/error.h"

namespace velo::formats {

/// The file's columns, each with the type that was found for its name among all files; it
/// may lack some. Errors: kSchemaMismatch.
Result<std::shared_ptr<arrow::Schema>> match_inferred_schema(
    const std::vector<std::string>& names, const arrow::Schema& found,
    const std::string& resource);

/// The file's columns, each with the type that schema= gives to its name; without a
/// header schema= names the columns in order. Errors: kSchemaMismatch.
Result<std::shared_ptr<arrow::Schema>> match_given_schema(
    const std::vector<std::string>& names, bool has_header, const arrow::Schema& given,
    const std::string& resource);

}  // namespace velo::formats
