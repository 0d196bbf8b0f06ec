#pragma once

/// Arrow's types as Avro's: README.md has the table.

#include <arrow/type.h>

#include <string>

#include "velo/formats/avro/schema.h"

namespace velo::formats::avro {

/// Whether records and fixed types have names, as a schema that is written must have;
/// without, they are those of any writer (resolution.h).
enum class TypeNames : int8_t { kNone, kOwn };

/// A record with these columns: nullable ones as ["null", type], null by default.
/// Errors: kSchemaMismatch for a type that Avro cannot hold, and with kOwn for a name
/// that Avro does not allow, naming the column.
Result<SchemaPtr> schema_of_arrow(const arrow::Schema& schema, TypeNames names);

/// The JSON of a schema. A type that comes again is called by its name.
std::string json_of(const Schema& schema);

}  // namespace velo::formats::avro
