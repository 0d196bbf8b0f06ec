#pragma once

/// The columns that a record has, whose schema is kept as text (Fingerprint::schema).

#include <arrow/type.h>

#include <memory>
#include <string>

#include "velo/error.h"

namespace velo::engine {

/// The columns as a record has them.
std::string text_in_record(const arrow::Schema& schema);

/// Whether the record has just this column.
bool is_in_record(const std::string& text, const arrow::Field& field);

/// Of the columns of `schema` those that the record has, of the types that they have
/// there; nullptr where one had another type, which its text does not tell.
std::shared_ptr<arrow::Schema> columns_of_record(const arrow::Schema& schema,
                                                 const std::string& text);

/// `schema`, with types that hold the values of the record's columns too. Errors:
/// kSchemaMismatch where there is none for a column, naming both types.
Result<std::shared_ptr<arrow::Schema>> columns_since_record(const arrow::Schema& schema,
                                                            const std::string& text);

}  // namespace velo::engine
