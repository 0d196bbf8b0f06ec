#pragma once

/// The schema that an Avro file was written by, as far as Iceberg's metadata files go.
/// Source: Avro specification 1.11, "Schema Declaration".

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "velo/error.h"

namespace velo::iceberg {

enum class AvroKind : int8_t {
  kNull,
  kBoolean,
  kLong,  ///< also int: they are encoded alike
  kFloat,
  kDouble,
  kBytes,  ///< also string
  kFixed,
  kEnum,
  kArray,
  kMap,
  kUnion,
  kRecord,
};

/// One type, with those it is made of.
struct AvroType {
  AvroKind kind = AvroKind::kNull;
  size_t num_bytes = 0;  ///< kFixed
  /// Of a record its fields', of a union its branches', of an array or a map its values'.
  std::vector<std::shared_ptr<const AvroType>> parts;
  std::vector<int>
      field_ids;  ///< kRecord: "field-id" of each field, -1 where it has none
};

/// Read a schema from its JSON. One that holds itself is refused: Iceberg has none.
/// Errors: kCorruptData.
Result<std::shared_ptr<const AvroType>> parse_avro_schema(std::string_view json);

}  // namespace velo::iceberg
