#include "velo/verification/comparison.h"

#include <arrow/extension_type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "velo/columnar/schema_text.h"

namespace velo::verification {
namespace {

using arrow::DataType;
using arrow::Type;

// What a type holds, whatever way it holds it.
const DataType& held_type(const DataType& type) {
  switch (type.id()) {
    case Type::DICTIONARY:
      return held_type(*static_cast<const arrow::DictionaryType&>(type).value_type());
    case Type::RUN_END_ENCODED:
      return held_type(*type.field(1)->type());
    case Type::EXTENSION:
      return held_type(*static_cast<const arrow::ExtensionType&>(type).storage_type());
    default:
      return type;
  }
}

std::optional<CommonType> time_type(const DataType& type) {
  switch (type.id()) {
    case Type::DATE32:
    case Type::DATE64:
      return CommonType::kDate;
    case Type::TIME32:
    case Type::TIME64:
      return CommonType::kTime;
    case Type::TIMESTAMP:
      return static_cast<const arrow::TimestampType&>(type).timezone().empty()
                 ? CommonType::kTimestamp
                 : CommonType::kInstant;
    case Type::DURATION:
      return CommonType::kDuration;
    case Type::INTERVAL_MONTHS:
    case Type::INTERVAL_DAY_TIME:
    case Type::INTERVAL_MONTH_DAY_NANO:
      return CommonType::kInterval;
    default:
      return std::nullopt;
  }
}

// The common type of a type and itself; of a nested one without its parts.
std::optional<CommonType> own_type(const DataType& type) {
  if (arrow::is_integer(type.id())) return CommonType::kInteger;
  if (arrow::is_decimal(type.id())) return CommonType::kNumber;
  switch (type.id()) {
    case Type::NA:
      return CommonType::kNothing;
    case Type::BOOL:
      return CommonType::kBoolean;
    case Type::HALF_FLOAT:
    case Type::FLOAT:
      return CommonType::kFloat;
    case Type::DOUBLE:
      return CommonType::kDouble;
    case Type::STRING:
    case Type::LARGE_STRING:
    case Type::STRING_VIEW:
      return CommonType::kText;
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::BINARY_VIEW:
    case Type::FIXED_SIZE_BINARY:
      return CommonType::kBinary;
    case Type::LIST:
    case Type::LARGE_LIST:
    case Type::LIST_VIEW:
    case Type::LARGE_LIST_VIEW:
    case Type::FIXED_SIZE_LIST:
      return CommonType::kList;
    case Type::STRUCT:
      return CommonType::kStruct;
    case Type::MAP:
      return CommonType::kMap;
    default:
      return time_type(type);
  }
}

bool is_number(CommonType type) {
  return type == CommonType::kInteger || type == CommonType::kNumber ||
         type == CommonType::kDouble || type == CommonType::kFloat;
}

// Of two different ones, the first of which comes first in CommonType.
std::optional<CommonType> common_type(CommonType one, CommonType other) {
  using enum CommonType;
  if (one == kNothing) return other;
  if (one == kBoolean && other == kInteger) return kInteger;
  if (one == kDouble && other == kFloat) return kFloat;
  if (is_number(one) && is_number(other)) return kNumber;
  if (is_number(one) && other == kText) return kNumber;
  if (one == kBoolean && other == kText) return kBoolean;
  if (one == kText && other == kBinary) return kBase64;
  const bool is_time = other >= kDate && other <= kInstant;
  if (one == kText && is_time) return other;
  if (one == kDate && other == kTimestamp) return kTimestamp;
  if (one == kTimestamp && other == kInstant) return kInstant;
  return std::nullopt;
}

Status nothing_in_common(const DataType& one, const DataType& other) {
  return make_error(
      ErrorKind::kSchemaMismatch, {},
      fmt::format("{} cannot be compared with {}", type_name(one), type_name(other)));
}

Result<Comparison> comparison_of_members(const DataType& one, const DataType& other) {
  Comparison comparison{.type = CommonType::kStruct, .parts = {}, .names = {}};
  const auto& fields = static_cast<const arrow::StructType&>(other);
  if (one.num_fields() != other.num_fields()) return nothing_in_common(one, other);
  for (const auto& member : one.fields()) {
    const auto counterpart = fields.GetFieldByName(member->name());
    if (!counterpart) return nothing_in_common(one, other);
    ARROW_ASSIGN_OR_RAISE(auto part,
                          comparison_of(*member->type(), *counterpart->type()));
    comparison.parts.push_back(std::move(part));
    comparison.names.push_back(member->name());
  }
  return comparison;
}

Result<Comparison> comparison_of_parts(CommonType type, const DataType& one,
                                       const DataType& other) {
  if (type == CommonType::kStruct) return comparison_of_members(one, other);
  Comparison comparison{.type = type, .parts = {}, .names = {}};
  const auto add = [&](const DataType& part, const DataType& counterpart) -> Status {
    ARROW_ASSIGN_OR_RAISE(auto compared, comparison_of(part, counterpart));
    comparison.parts.push_back(std::move(compared));
    return Status::OK();
  };
  if (type == CommonType::kList) {
    ARROW_RETURN_NOT_OK(add(*one.field(0)->type(), *other.field(0)->type()));
  } else if (type == CommonType::kMap) {
    const auto& map = static_cast<const arrow::MapType&>(one);
    const auto& counterpart = static_cast<const arrow::MapType&>(other);
    ARROW_RETURN_NOT_OK(add(*map.key_type(), *counterpart.key_type()));
    ARROW_RETURN_NOT_OK(add(*map.item_type(), *counterpart.item_type()));
  }
  return comparison;
}

}  // namespace

Result<Comparison> comparison_of(const DataType& one, const DataType& other) {
  const DataType& left = held_type(one);
  const DataType& right = held_type(other);
  const auto left_type = own_type(left);
  const auto right_type = own_type(right);
  if (!left_type || !right_type) return nothing_in_common(one, other);
  if (*left_type == *right_type) return comparison_of_parts(*left_type, left, right);
  if (*left_type == CommonType::kNothing) return comparison_of(right, right);
  if (*right_type == CommonType::kNothing) return comparison_of(left, left);
  const auto [first, second] = std::minmax(*left_type, *right_type);
  const auto common = common_type(first, second);
  if (!common) return nothing_in_common(one, other);
  return Comparison{.type = *common, .parts = {}, .names = {}};
}

std::string name_of(const Comparison& comparison) {
  switch (comparison.type) {
    case CommonType::kNothing:
      return "NULL";
    case CommonType::kBoolean:
      return "boolean";
    case CommonType::kInteger:
      return "integer";
    case CommonType::kNumber:
      return "number";
    case CommonType::kDouble:
      return "double";
    case CommonType::kFloat:
      return "float";
    case CommonType::kText:
      return "text";
    case CommonType::kBinary:
      return "bytes";
    case CommonType::kBase64:
      return "bytes, in base64";
    case CommonType::kDate:
      return "date";
    case CommonType::kTime:
      return "time";
    case CommonType::kTimestamp:
      return "timestamp";
    case CommonType::kInstant:
      return "instant";
    case CommonType::kDuration:
      return "duration";
    case CommonType::kInterval:
      return "interval";
    case CommonType::kList:
      return "list of " + name_of(comparison.parts.front());
    case CommonType::kStruct:
      return "struct";
    default:
      return fmt::format("map of {} to {}", name_of(comparison.parts.front()),
                         name_of(comparison.parts.back()));
  }
}

}  // namespace velo::verification
