#pragma once

/// Which columns of a file are wanted.

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "velo/error.h"
#include "velo/formats/format.h"

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

/// The columns wanted of a file that says of which types its columns are: those of
/// `options.columns`, of which a file of several may lack some. `format` is what people
/// call it. Errors: kSchemaMismatch where `schema=` says otherwise than the file; those
/// of project().
Result<Projection> project_typed(const arrow::Schema& whole, const DecodeOptions& options,
                                 std::string_view format, const std::string& resource);

/// Put the columns of a batch in the wanted order: a reader has yielded each of them
/// once, in the file's order. Errors: kCorruptData where they are others.
Result<std::shared_ptr<arrow::RecordBatch>> in_wanted_order(
    const Projection& projection, const arrow::RecordBatch& yielded,
    const std::string& resource);

/// Those of the wanted columns that are there.
std::optional<std::vector<std::string>> known_columns(
    const arrow::Schema& whole, std::optional<std::vector<std::string>> columns);

}  // namespace velo::formats
