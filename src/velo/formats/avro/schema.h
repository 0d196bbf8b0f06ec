#pragma once

/// Avro's schemas as trees. Source: Avro specification 1.12, "Schema Declaration".

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "velo/error.h"

namespace velo::formats::avro {

enum class Kind : int8_t {
  kNull,
  kBoolean,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kBytes,
  kString,
  kFixed,
  kEnum,
  kArray,
  kMap,
  kUnion,
  kRecord,
};

/// What values mean beyond their kind; what a schema says and its kind cannot be is not
/// heard, as the specification asks. The names that Kafka Connect and Debezium give to
/// their types (`connect.name`) go before: a Timestamp of theirs has no zone.
enum class Logical : int8_t {
  kNone,
  kDecimal,
  kUuid,
  kDate,
  kTimeMillis,
  kTimeMicros,
  kTimeNanos,  ///< Kafka Connect's only
  kTimestampMillis,
  kTimestampMicros,
  kTimestampNanos,
  kLocalTimestampMillis,
  kLocalTimestampMicros,
  kLocalTimestampNanos,
  kZonedTimestamp,  ///< Kafka Connect's only: ISO 8601 text
  kDuration,
};

struct Schema;
using SchemaPtr = std::shared_ptr<const Schema>;

/// A field of a record.
struct Field {
  std::string name;
  std::vector<std::string> aliases;
  SchemaPtr type;
  /// Encoded by `type`; nullopt where there is none that is a value of it.
  std::optional<std::string> default_value;
  int id = -1;  ///< "field-id", as Iceberg numbers columns; -1 where it has none
};

/// One type, with those it is made of. None holds itself.
struct Schema {
  Kind kind = Kind::kNull;
  Logical logical = Logical::kNone;
  int32_t precision = 0;             ///< kDecimal
  int32_t scale = 0;                 ///< kDecimal
  std::string name;                  ///< full; of kRecord, kEnum, kFixed; else empty
  std::vector<std::string> aliases;  ///< full names
  int64_t num_bytes = 0;             ///< kFixed
  std::vector<std::string> symbols;  ///< kEnum
  std::optional<std::string> default_symbol;  ///< kEnum
  std::vector<Field> fields;                  ///< kRecord
  /// kArray: of its items; kMap: of its values; kUnion: its branches.
  std::vector<SchemaPtr> parts;
  /// Of the tree below, with itself: a type that is used twice counts twice.
  int64_t num_nodes = 1;
  /// Whether every value takes a byte at least.
  bool takes_bytes = true;
};

/// Read a schema from its JSON. Errors: kCorruptData; kNotImplemented for a type that
/// holds itself, by its name.
Result<SchemaPtr> parse_schema(std::string_view json);

/// "long", "timestamp-micros", "decimal(9, 2)", "record orders.line": for messages.
std::string to_string(const Schema& schema);

/// The word for a kind in a schema: "long".
std::string_view kind_name(Kind kind);

/// "orders.line" -> "line"
std::string_view short_name(std::string_view full_name);

/// Compute `num_nodes` and `takes_bytes` of a type whose parts are there.
/// Errors: kCorruptData where the tree is too large.
Result<SchemaPtr> finish_schema(Schema schema);

/// A type of a kind that has no parts.
SchemaPtr make_schema(Kind kind, Logical logical = Logical::kNone);

/// `["null", type]`
SchemaPtr make_nullable(SchemaPtr type);

}  // namespace velo::formats::avro
