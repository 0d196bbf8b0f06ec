#include "velo/formats/avro/schema_of_arrow.h"

#include <arrow/extension_type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "velo/formats/avro/binary.h"

namespace velo::formats::avro {
namespace {

using arrow::TimeUnit;
using arrow::Type;

constexpr int32_t kDigitsOfUint64 = 20;

bool is_name(std::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !text.empty() && is_letter(text.front()) &&
         std::ranges::all_of(
             text, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

Logical timestamp_of(const arrow::TimestampType& type) {
  const bool has_zone = !type.timezone().empty();
  switch (type.unit()) {
    case TimeUnit::SECOND:
    case TimeUnit::MILLI:
      return has_zone ? Logical::kTimestampMillis : Logical::kLocalTimestampMillis;
    case TimeUnit::MICRO:
      return has_zone ? Logical::kTimestampMicros : Logical::kLocalTimestampMicros;
    default:
      return has_zone ? Logical::kTimestampNanos : Logical::kLocalTimestampNanos;
  }
}

class SchemaMaker {
 public:
  explicit SchemaMaker(TypeNames names) : names_(names) {}

  // `path` makes the name of a record: of the column that it is in, and so on.
  Result<SchemaPtr> record_of(const arrow::FieldVector& fields, const std::string& path) {
    Schema record{.kind = Kind::kRecord, .name = name_of(path)};
    for (const auto& field : fields) {
      auto made = field_of(*field, path);
      if (!made.ok()) {
        return annotate(made.status(), fmt::format("column '{}'", field->name()));
      }
      for (const Field& other : record.fields) {
        if (other.name != made->name) continue;
        return make_error(ErrorKind::kSchemaMismatch, {},
                          fmt::format("two columns are named '{}'", made->name));
      }
      record.fields.push_back(*std::move(made));
    }
    return finish_schema(std::move(record));
  }

 private:
  // A name that no other type has: the field b of a column a, and a column a_b, have the
  // same path.
  std::string name_of(const std::string& path) {
    if (names_ == TypeNames::kNone) return {};
    std::string name = path;
    for (int i = 2; !taken_.insert(name).second; ++i) {
      name = fmt::format("{}_{}", path, i);
    }
    return name;
  }

  Result<Field> field_of(const arrow::Field& field, const std::string& path) {
    if (names_ == TypeNames::kOwn && !is_name(field.name())) {
      return make_error(ErrorKind::kSchemaMismatch, {},
                        "Avro's names are of letters, digits and _; name it otherwise "
                        "with AS in a SELECT");
    }
    Field made{.name = field.name()};
    ARROW_ASSIGN_OR_RAISE(made.type, item_of(field, path + "_" + field.name()));
    if (made.type->kind == Kind::kUnion) {
      made.default_value.emplace();
      append_long(0, *made.default_value);
    }
    return made;
  }

  Result<SchemaPtr> item_of(const arrow::Field& field, const std::string& path) {
    ARROW_ASSIGN_OR_RAISE(SchemaPtr type, type_of(*field.type(), path));
    if (!field.nullable() || type->kind == Kind::kNull) return type;
    return make_nullable(std::move(type));
  }

  static Result<SchemaPtr> decimal(int32_t precision, int32_t scale) {
    if (scale < 0) {
      return make_error(ErrorKind::kSchemaMismatch, {},
                        fmt::format("Avro cannot hold decimals of {} digits behind the "
                                    "point; cast it first",
                                    scale));
    }
    return std::make_shared<const Schema>(Schema{.kind = Kind::kBytes,
                                                 .logical = Logical::kDecimal,
                                                 .precision = precision,
                                                 .scale = scale});
  }

  Result<SchemaPtr> list_of(const arrow::DataType& list, const std::string& path) {
    Schema schema{.kind = Kind::kArray};
    ARROW_ASSIGN_OR_RAISE(SchemaPtr items, item_of(*list.field(0), path + "_item"));
    schema.parts.push_back(std::move(items));
    return finish_schema(std::move(schema));
  }

  Result<SchemaPtr> map_of(const arrow::MapType& map, const std::string& path) {
    Schema schema;
    if (arrow::is_string(map.key_type()->id()) ||
        map.key_type()->id() == Type::STRING_VIEW) {
      schema.kind = Kind::kMap;
      ARROW_ASSIGN_OR_RAISE(SchemaPtr value, item_of(*map.item_field(), path + "_value"));
      schema.parts.push_back(std::move(value));
    } else {
      schema.kind = Kind::kArray;
      const auto entry = {map.key_field()->WithName("key"),
                          map.item_field()->WithName("value")};
      ARROW_ASSIGN_OR_RAISE(SchemaPtr record, record_of(entry, path + "_entry"));
      schema.parts.push_back(std::move(record));
    }
    return finish_schema(std::move(schema));
  }

  Result<SchemaPtr> fixed_of(int32_t num_bytes, const std::string& path) {
    Schema schema{.kind = Kind::kFixed, .name = name_of(path)};
    schema.num_bytes = num_bytes;
    return finish_schema(std::move(schema));
  }

  Result<SchemaPtr> type_of(const arrow::DataType& type, const std::string& path) {
    switch (type.id()) {
      case Type::NA:
        return make_schema(Kind::kNull);
      case Type::BOOL:
        return make_schema(Kind::kBoolean);
      case Type::INT8:
      case Type::INT16:
      case Type::INT32:
      case Type::UINT8:
      case Type::UINT16:
        return make_schema(Kind::kInt);
      case Type::UINT32:
      case Type::INT64:
        return make_schema(Kind::kLong);
      case Type::UINT64:
        return decimal(kDigitsOfUint64, 0);
      case Type::HALF_FLOAT:
      case Type::FLOAT:
        return make_schema(Kind::kFloat);
      case Type::DOUBLE:
        return make_schema(Kind::kDouble);
      case Type::DECIMAL32:
      case Type::DECIMAL64:
      case Type::DECIMAL128:
      case Type::DECIMAL256: {
        const auto& of = static_cast<const arrow::DecimalType&>(type);
        return decimal(of.precision(), of.scale());
      }
      case Type::STRING:
      case Type::LARGE_STRING:
      case Type::STRING_VIEW:
        return make_schema(Kind::kString);
      case Type::BINARY:
      case Type::LARGE_BINARY:
      case Type::BINARY_VIEW:
        return make_schema(Kind::kBytes);
      case Type::FIXED_SIZE_BINARY:
        return fixed_of(static_cast<const arrow::FixedSizeBinaryType&>(type).byte_width(),
                        path);
      case Type::DATE32:
      case Type::DATE64:
        return make_schema(Kind::kInt, Logical::kDate);
      case Type::TIME32:
        return make_schema(Kind::kInt, Logical::kTimeMillis);
      case Type::TIME64:
        return make_schema(Kind::kLong, Logical::kTimeMicros);
      case Type::TIMESTAMP:
        return make_schema(Kind::kLong,
                           timestamp_of(static_cast<const arrow::TimestampType&>(type)));
      case Type::STRUCT:
        return record_of(type.fields(), path);
      case Type::LIST:
      case Type::LARGE_LIST:
      case Type::FIXED_SIZE_LIST:
      case Type::LIST_VIEW:
      case Type::LARGE_LIST_VIEW:
        return list_of(type, path);
      case Type::MAP:
        return map_of(static_cast<const arrow::MapType&>(type), path);
      case Type::DICTIONARY:
        return type_of(*static_cast<const arrow::DictionaryType&>(type).value_type(),
                       path);
      case Type::EXTENSION:
        return type_of(*static_cast<const arrow::ExtensionType&>(type).storage_type(),
                       path);
      default:
        return make_error(
            ErrorKind::kSchemaMismatch, {},
            fmt::format("Avro cannot hold {}; cast it first", type.ToString()));
    }
  }

  const TypeNames names_;
  std::set<std::string> taken_;  // names of types
};

}  // namespace

Result<SchemaPtr> schema_of_arrow(const arrow::Schema& schema, TypeNames names) {
  return SchemaMaker(names).record_of(schema.fields(), "row");
}

}  // namespace velo::formats::avro
