#include "velo/formats/avro/arrow_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace velo::formats::avro {
namespace {

using arrow::TimeUnit;
using Type = std::shared_ptr<arrow::DataType>;

Result<Type> decimal_of(const Schema& schema) {
  if (schema.precision <= arrow::Decimal128Type::kMaxPrecision) {
    return arrow::decimal128(schema.precision, schema.scale);
  }
  if (schema.precision <= arrow::Decimal256Type::kMaxPrecision) {
    return arrow::decimal256(schema.precision, schema.scale);
  }
  return make_error(
      ErrorKind::kNotImplemented, {},
      fmt::format("{} has more than 76 digits, which no column can", to_string(schema)));
}

Type long_of(Logical logical) {
  switch (logical) {
    case Logical::kTimeMicros:
      return arrow::time64(TimeUnit::MICRO);
    case Logical::kTimeNanos:
      return arrow::time64(TimeUnit::NANO);
    case Logical::kTimestampMillis:
      return arrow::timestamp(TimeUnit::MILLI, "UTC");
    case Logical::kTimestampMicros:
      return arrow::timestamp(TimeUnit::MICRO, "UTC");
    case Logical::kTimestampNanos:
      return arrow::timestamp(TimeUnit::NANO, "UTC");
    case Logical::kLocalTimestampMillis:
      return arrow::timestamp(TimeUnit::MILLI);
    case Logical::kLocalTimestampMicros:
      return arrow::timestamp(TimeUnit::MICRO);
    case Logical::kLocalTimestampNanos:
      return arrow::timestamp(TimeUnit::NANO);
    default:
      return arrow::int64();
  }
}

Type int_of(Logical logical) {
  if (logical == Logical::kDate) return arrow::date32();
  if (logical == Logical::kTimeMillis) return arrow::time32(TimeUnit::MILLI);
  return arrow::int32();
}

Result<arrow::FieldVector> arrow_fields_of(const Schema& record) {
  arrow::FieldVector fields;
  for (const Field& field : record.fields) {
    auto made = arrow_field_of(field.name, *field.type);
    if (!made.ok()) {
      return annotate(made.status(), fmt::format("field '{}'", field.name));
    }
    fields.push_back(*std::move(made));
  }
  return fields;
}

Result<Type> value_type_of(const Schema& schema) {
  if (schema.logical == Logical::kDecimal) return decimal_of(schema);
  switch (schema.kind) {
    case Kind::kNull:
      return arrow::null();
    case Kind::kBoolean:
      return arrow::boolean();
    case Kind::kInt:
      return int_of(schema.logical);
    case Kind::kLong:
      return long_of(schema.logical);
    case Kind::kFloat:
      return arrow::float32();
    case Kind::kDouble:
      return arrow::float64();
    case Kind::kBytes:
      return arrow::binary();
    case Kind::kString:
      if (schema.logical == Logical::kZonedTimestamp) {
        return arrow::timestamp(TimeUnit::MICRO, "UTC");
      }
      return arrow::utf8();
    case Kind::kEnum:
      return arrow::utf8();
    case Kind::kFixed:
      return arrow::fixed_size_binary(static_cast<int32_t>(schema.num_bytes));
    case Kind::kArray: {
      ARROW_ASSIGN_OR_RAISE(auto item, arrow_field_of("item", *schema.parts[0]));
      return arrow::list(std::move(item));
    }
    case Kind::kMap: {
      ARROW_ASSIGN_OR_RAISE(auto value, arrow_field_of("value", *schema.parts[0]));
      return std::make_shared<arrow::MapType>(
          arrow::field("key", arrow::utf8(), /*nullable=*/false), std::move(value));
    }
    case Kind::kRecord: {
      ARROW_ASSIGN_OR_RAISE(auto fields, arrow_fields_of(schema));
      return arrow::struct_(std::move(fields));
    }
    case Kind::kUnion:
      break;
  }
  return make_error(ErrorKind::kInternal, {}, "a union is no value");
}

// The wider of two kinds, where one holds the other's values.
const Schema* wider_of(const std::vector<const Schema*>& branches) {
  if (branches.size() != 2) return nullptr;
  for (const auto& [narrow, wide] :
       {std::pair{Kind::kInt, Kind::kLong}, std::pair{Kind::kFloat, Kind::kDouble}}) {
    for (const size_t i : {size_t{0}, size_t{1}}) {
      const Schema* one = branches[i];
      const Schema* other = branches[1 - i];
      if (one->kind == narrow && other->kind == wide && one->logical == Logical::kNone &&
          other->logical == Logical::kNone) {
        return other;
      }
    }
  }
  return nullptr;
}

}  // namespace

Content content_of(const Schema& schema) {
  Content content;
  if (schema.kind != Kind::kUnion) {
    content.value = &schema;
    content.nullable = schema.kind == Kind::kNull;
    return content;
  }
  const Schema* null = nullptr;
  for (const SchemaPtr& branch : schema.parts) {
    if (branch->kind == Kind::kNull) {
      null = branch.get();
      content.nullable = true;
    } else {
      content.members.push_back(branch.get());
    }
  }
  if (content.members.empty()) content.value = null;
  if (content.members.size() == 1) content.value = content.members.front();
  if (const Schema* wider = wider_of(content.members)) content.value = wider;
  if (content.value) content.members.clear();
  return content;
}

std::vector<std::string> member_names(const Content& content) {
  std::vector<std::string> names;
  for (const Schema* member : content.members) {
    names.emplace_back(member->name.empty() ? kind_name(member->kind)
                                            : short_name(member->name));
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (std::ranges::count(names, names[i]) == 1) continue;
    for (size_t j = 0; j < names.size(); ++j) {
      const Schema* member = content.members[j];
      if (!member->name.empty()) names[j] = member->name;
    }
    break;
  }
  return names;
}

Result<Type> arrow_type_of(const Schema& schema) {
  const Content content = content_of(schema);
  if (content.value) return value_type_of(*content.value);
  const std::vector<std::string> names = member_names(content);
  arrow::FieldVector fields;
  for (size_t i = 0; i < names.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto type, value_type_of(*content.members[i]));
    fields.push_back(arrow::field(names[i], std::move(type)));
  }
  return arrow::struct_(std::move(fields));
}

Result<std::shared_ptr<arrow::Field>> arrow_field_of(const std::string& name,
                                                     const Schema& schema) {
  ARROW_ASSIGN_OR_RAISE(auto type, arrow_type_of(schema));
  return arrow::field(name, std::move(type), content_of(schema).nullable);
}

Result<std::shared_ptr<arrow::Schema>> arrow_schema_of(const Schema& record) {
  ARROW_ASSIGN_OR_RAISE(auto fields, arrow_fields_of(record));
  return arrow::schema(std::move(fields));
}

}  // namespace velo::formats::avro
