#pragma once

/// Avro's types as Arrow's: README.md has the table.

#include <arrow/type.h>

#include <memory>
#include <string>
#include <vector>

#include "velo/formats/avro/schema.h"

namespace velo::formats::avro {

/// What a column of a type holds: a union is seen as what its branches are beside null.
struct Content {
  bool nullable = false;
  /// The type of all values that are not null.
  const Schema* value = nullptr;
  /// The branches beside null of a union that no one type holds: a value is a struct with
  /// one of them. Empty, where there is `value`.
  std::vector<const Schema*> members;
};

/// A union of int and long is seen as long, one of float and double as double.
Content content_of(const Schema& schema);

/// The names of the struct's fields: the branches' kinds, or their own names.
std::vector<std::string> member_names(const Content& content);

/// The type of a column. Errors: kNotImplemented for decimals of more than 76 digits.
Result<std::shared_ptr<arrow::DataType>> arrow_type_of(const Schema& schema);

/// A column, which may be null where the union has null.
Result<std::shared_ptr<arrow::Field>> arrow_field_of(const std::string& name,
                                                     const Schema& schema);

/// The columns of a record. Errors: naming the field.
Result<std::shared_ptr<arrow::Schema>> arrow_schema_of(const Schema& record);

}  // namespace velo::formats::avro
