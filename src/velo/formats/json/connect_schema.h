#pragma once

/// What Kafka Connect says of the columns where it wraps a change up:
///
///     schema := {"type": type, "field": text, "name": text, "parameters": {…},
///                "fields": [schema, …],      of a struct
///                "items": schema,            of an array
///                "keys": schema, "values": schema, …}
///     type   := "int8" | "int16" | "int32" | "int64" | "float" | "double" | "boolean" |
///               "string" | "bytes" | "array" | "map" | "struct"
///
/// The name says what a value means: `io.debezium.time.Date` of an int32 counts days.
/// Source: debezium.io/documentation/reference/stable/connectors/postgresql.html, "Data
/// type mappings"; Kafka's org.apache.kafka.connect.json.JsonConverter.

#include <arrow/type.h>

#include <memory>
#include <string>
#include <vector>

#include "velo/formats/json/cursor.h"

namespace velo::formats::json {

/// A column, as the schema of a message says. Dates and times come as the number of their
/// units, but for those with a zone, which are text.
struct ConnectColumn {
  std::string name;
  std::shared_ptr<arrow::DataType> type;
  bool is_bytes = false;  ///< a decimal that comes as the bytes of its digits, in base64
};

/// Read the columns of the changed rows: the cursor's next token begins the schema of an
/// envelope. Inside of lists, maps and structs a value is what it is written as: a number
/// or bytes. False after a failure, kCorruptData for what is no such schema.
bool read_connect_schema(Cursor& cursor, std::vector<ConnectColumn>& columns);

}  // namespace velo::formats::json
