#include "velo/formats/avro/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace velo::formats::avro {
namespace {

// A few lines of types that use each other twice make a tree that no memory holds.
constexpr int64_t kMostNodes = 1'000'000;

constexpr std::array<std::string_view, 14> kKindNames = {
    "null",   "boolean", "int",  "long",  "float", "double", "bytes",
    "string", "fixed",   "enum", "array", "map",   "union",  "record"};

bool value_takes_bytes(const Schema& schema) {
  switch (schema.kind) {
    case Kind::kNull:
      return false;
    case Kind::kFixed:
      return schema.num_bytes > 0;
    case Kind::kRecord:
      return std::ranges::any_of(
          schema.fields, [](const Field& field) { return field.type->takes_bytes; });
    default:
      return true;
  }
}

std::string_view logical_name(Logical logical) {
  switch (logical) {
    case Logical::kNone:
    case Logical::kDecimal:
      return {};
    case Logical::kUuid:
      return "uuid";
    case Logical::kDate:
      return "date";
    case Logical::kTimeMillis:
      return "time-millis";
    case Logical::kTimeMicros:
      return "time-micros";
    case Logical::kTimeNanos:
      return "time-nanos";
    case Logical::kTimestampMillis:
      return "timestamp-millis";
    case Logical::kTimestampMicros:
      return "timestamp-micros";
    case Logical::kTimestampNanos:
      return "timestamp-nanos";
    case Logical::kLocalTimestampMillis:
      return "local-timestamp-millis";
    case Logical::kLocalTimestampMicros:
      return "local-timestamp-micros";
    case Logical::kLocalTimestampNanos:
      return "local-timestamp-nanos";
    case Logical::kZonedTimestamp:
      return "zoned-timestamp";
    case Logical::kDuration:
      return "duration";
  }
  return {};
}

}  // namespace

std::string_view kind_name(Kind kind) { return kKindNames[static_cast<size_t>(kind)]; }

std::string_view short_name(std::string_view full_name) {
  return full_name.substr(full_name.rfind('.') + 1);
}

std::string to_string(const Schema& schema) {
  if (schema.logical == Logical::kDecimal) {
    return fmt::format("decimal({}, {})", schema.precision, schema.scale);
  }
  if (schema.logical != Logical::kNone) return std::string(logical_name(schema.logical));
  if (schema.kind == Kind::kUnion) {
    std::string branches;
    for (const SchemaPtr& branch : schema.parts) {
      if (!branches.empty()) branches += ", ";
      branches += to_string(*branch);
    }
    return fmt::format("[{}]", branches);
  }
  if (schema.name.empty()) return std::string(kind_name(schema.kind));
  return fmt::format("{} {}", kind_name(schema.kind), schema.name);
}

Result<SchemaPtr> finish_schema(Schema schema) {
  schema.num_nodes = 1;
  for (const SchemaPtr& part : schema.parts) schema.num_nodes += part->num_nodes;
  for (const Field& field : schema.fields) schema.num_nodes += field.type->num_nodes;
  if (schema.num_nodes > kMostNodes) {
    return make_error(ErrorKind::kCorruptData, {},
                      fmt::format("the Avro schema has more than {} types", kMostNodes));
  }
  schema.takes_bytes = value_takes_bytes(schema);
  return std::make_shared<const Schema>(std::move(schema));
}

SchemaPtr make_schema(Kind kind, Logical logical) {
  return std::make_shared<const Schema>(
      Schema{.kind = kind, .logical = logical, .takes_bytes = kind != Kind::kNull});
}

SchemaPtr make_nullable(SchemaPtr type) {
  Schema schema{.kind = Kind::kUnion};
  schema.num_nodes = 2 + type->num_nodes;
  schema.parts = {make_schema(Kind::kNull), std::move(type)};
  return std::make_shared<const Schema>(std::move(schema));
}

}  // namespace velo::formats::avro
