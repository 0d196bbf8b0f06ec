#include "velo/columnar/common_type.h"

#include <arrow/type_traits.h>

#include <algorithm>
#include <array>
#include <utility>

namespace velo {
namespace {

using arrow::Type;
using TypePointer = std::shared_ptr<arrow::DataType>;
// How the types of values inside others meet.
using Meet = TypePointer (*)(const TypePointer&, const TypePointer&);

constexpr int kMostDigits = 38;
constexpr int kMostLargeDigits = 76;

bool has_id(const TypePointer& one, const TypePointer& other, Type::type id) {
  return one->id() == id || other->id() == id;
}

int width_of(const arrow::DataType& integer) { return integer.bit_width(); }

// Digits that a value has at most, of this or of another integer type that it meets
// before a decimal.
int digits_of(const arrow::DataType& integer) {
  return integer.id() == Type::UINT64 ? 20 : 19;
}

TypePointer signed_integer(int width) {
  const std::array<TypePointer, 4> types = {arrow::int8(), arrow::int16(), arrow::int32(),
                                            arrow::int64()};
  const auto found = std::ranges::find_if(
      types, [&](const auto& type) { return width_of(*type) >= width; });
  return found == types.end() ? nullptr : *found;
}

// Of so many digits before and behind the point.
TypePointer decimal_of(int before, int behind) {
  const int digits = std::max(before + behind, 1);
  if (digits > kMostLargeDigits) return nullptr;
  return digits <= kMostDigits ? arrow::decimal128(digits, behind)
                               : arrow::decimal256(digits, behind);
}

TypePointer common_integer(const TypePointer& one, const TypePointer& other) {
  const bool one_is_signed = arrow::is_signed_integer(one->id());
  if (one_is_signed == arrow::is_signed_integer(other->id())) {
    return width_of(*one) >= width_of(*other) ? one : other;
  }
  const auto& with_sign = one_is_signed ? one : other;
  const auto& without = one_is_signed ? other : one;
  const int width = std::max(width_of(*with_sign), 2 * width_of(*without));
  const TypePointer type = signed_integer(width);
  return type ? type : decimal_of(digits_of(*without), 0);
}

std::pair<int, int> places_of(const arrow::DataType& number) {
  if (arrow::is_integer(number.id())) return {digits_of(number), 0};
  const auto& decimal = static_cast<const arrow::DecimalType&>(number);
  return {decimal.precision() - decimal.scale(), decimal.scale()};
}

TypePointer common_decimal(const TypePointer& one, const TypePointer& other) {
  const auto [before, behind] = places_of(*one);
  const auto [other_before, other_behind] = places_of(*other);
  return decimal_of(std::max(before, other_before), std::max(behind, other_behind));
}

// Floats hold 24 bits of an integer, doubles 53.
int rank_of_number(const arrow::DataType& number) {
  switch (number.id()) {
    case Type::HALF_FLOAT:
      return 0;
    case Type::FLOAT:
      return 1;
    case Type::DOUBLE:
      return 2;
    default:
      return width_of(number) <= 16 ? 1 : 2;
  }
}

TypePointer common_float(const TypePointer& one, const TypePointer& other) {
  if (has_id(one, other, Type::UINT64)) return nullptr;
  const std::array<TypePointer, 3> types = {arrow::float16(), arrow::float32(),
                                            arrow::float64()};
  return types[static_cast<size_t>(
      std::max(rank_of_number(*one), rank_of_number(*other)))];
}

TypePointer common_number(const TypePointer& one, const TypePointer& other) {
  const auto both = [&](auto is) { return is(one->id()) && is(other->id()); };
  const auto either = [&](auto is) { return is(one->id()) || is(other->id()); };
  const auto is_integer = [](Type::type id) { return arrow::is_integer(id); };
  const auto is_floating = [](Type::type id) { return arrow::is_floating(id); };
  if (both(is_integer)) return common_integer(one, other);
  if (!either(is_floating)) return common_decimal(one, other);
  const auto is_decimal = [](Type::type id) { return arrow::is_decimal(id); };
  return either(is_decimal) ? nullptr : common_float(one, other);
}

TypePointer common_timestamp(const arrow::DataType& one, const arrow::DataType& other) {
  const auto& left = static_cast<const arrow::TimestampType&>(one);
  const auto& right = static_cast<const arrow::TimestampType&>(other);
  if (left.timezone().empty() != right.timezone().empty()) return nullptr;
  return arrow::timestamp(std::max(left.unit(), right.unit()),
                          left.timezone() == right.timezone() ? left.timezone() : "UTC");
}

TypePointer common_time(const arrow::DataType& one, const arrow::DataType& other) {
  const auto unit = std::max(static_cast<const arrow::TimeType&>(one).unit(),
                             static_cast<const arrow::TimeType&>(other).unit());
  return unit <= arrow::TimeUnit::MILLI ? arrow::time32(unit) : arrow::time64(unit);
}

bool is_text(const arrow::DataType& type) {
  return arrow::is_string(type.id()) || type.id() == Type::STRING_VIEW;
}

bool is_bytes(const arrow::DataType& type) {
  return arrow::is_binary(type.id()) || type.id() == Type::BINARY_VIEW ||
         type.id() == Type::FIXED_SIZE_BINARY;
}

bool is_time(const arrow::DataType& type) {
  return type.id() == Type::TIME32 || type.id() == Type::TIME64;
}

bool is_number(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || arrow::is_floating(type.id()) ||
         arrow::is_decimal(type.id());
}

// Names stand once in each: of two fields of one name there is no telling.
bool has_names_twice(const arrow::DataType& type) {
  const auto& fields = type.fields();
  return std::ranges::any_of(fields, [&](const auto& field) {
    return std::ranges::count(fields, field->name(), &arrow::Field::name) > 1;
  });
}

TypePointer common_struct(const TypePointer& one, const TypePointer& other, Meet meet) {
  if (has_names_twice(*one) || has_names_twice(*other)) return nullptr;
  arrow::FieldVector fields = one->fields();
  for (auto& field : fields) field = field->WithNullable(true);
  for (const auto& field : other->fields()) {
    const auto known = std::ranges::find(fields, field->name(), &arrow::Field::name);
    if (known == fields.end()) {
      fields.push_back(field->WithNullable(true));
      continue;
    }
    auto type = meet((*known)->type(), field->type());
    if (!type) return nullptr;
    *known = (*known)->WithType(std::move(type));
  }
  return arrow::struct_(std::move(fields));
}

TypePointer common_list(const TypePointer& one, const TypePointer& other, Meet meet) {
  auto value = meet(one->field(0)->type(), other->field(0)->type());
  if (!value) return nullptr;
  const auto field = one->field(0)->WithType(std::move(value))->WithNullable(true);
  return has_id(one, other, Type::LARGE_LIST) ? arrow::large_list(field)
                                              : arrow::list(field);
}

TypePointer common_map(const TypePointer& one, const TypePointer& other, Meet meet) {
  const auto& left = static_cast<const arrow::MapType&>(*one);
  const auto& right = static_cast<const arrow::MapType&>(*other);
  auto key = meet(left.key_type(), right.key_type());
  auto item = meet(left.item_type(), right.item_type());
  if (!key || !item) return nullptr;
  return arrow::map(std::move(key), std::move(item));
}

TypePointer common_nested(const TypePointer& one, const TypePointer& other, Meet meet) {
  const auto is_list = [](const TypePointer& type) {
    return type->id() == Type::LIST || type->id() == Type::LARGE_LIST;
  };
  if (is_list(one) && is_list(other)) return common_list(one, other, meet);
  if (one->id() != other->id()) return nullptr;
  if (one->id() == Type::STRUCT) return common_struct(one, other, meet);
  if (one->id() == Type::MAP) return common_map(one, other, meet);
  return nullptr;
}

TypePointer meet_by(const TypePointer& one, const TypePointer& other, Meet meet) {
  if (one->Equals(*other)) return one;
  if (one->id() == Type::NA) return other;
  if (other->id() == Type::NA) return one;
  for (const auto& [left, right] : {std::pair(one, other), std::pair(other, one)}) {
    if (left->id() != Type::DICTIONARY) continue;
    return meet(static_cast<const arrow::DictionaryType&>(*left).value_type(), right);
  }
  if (is_number(*one) && is_number(*other)) return common_number(one, other);
  if (is_text(*one) && is_text(*other)) {
    return has_id(one, other, Type::LARGE_STRING) ? arrow::large_utf8() : arrow::utf8();
  }
  if (is_bytes(*one) && is_bytes(*other)) {
    return has_id(one, other, Type::LARGE_BINARY) ? arrow::large_binary()
                                                  : arrow::binary();
  }
  if (is_time(*one) && is_time(*other)) return common_time(*one, *other);
  if (one->id() == Type::TIMESTAMP && other->id() == Type::TIMESTAMP) {
    return common_timestamp(*one, *other);
  }
  return common_nested(one, other, meet);
}

// A date, and a moment without a zone.
TypePointer timestamp_for_date(const TypePointer& one, const TypePointer& other) {
  for (const auto& [date, moment] : {std::pair(one, other), std::pair(other, one)}) {
    if (date->id() != Type::DATE32 || moment->id() != Type::TIMESTAMP) continue;
    const auto& type = static_cast<const arrow::TimestampType&>(*moment);
    if (type.timezone().empty()) return moment;
  }
  return nullptr;
}

}  // namespace

TypePointer common_type(const TypePointer& one, const TypePointer& other) {
  return meet_by(one, other, common_type);
}

TypePointer common_guess(const TypePointer& one, const TypePointer& other) {
  auto type = meet_by(one, other, common_guess);
  if (type && type->id() != Type::DECIMAL256) return type;
  if (auto moment = timestamp_for_date(one, other)) return moment;
  return arrow::utf8();
}

TypePointer text_for_nothing(const TypePointer& type) {
  switch (type->id()) {
    case Type::NA:
      return arrow::utf8();
    case Type::LIST:
      return arrow::list(
          type->field(0)->WithType(text_for_nothing(type->field(0)->type())));
    case Type::STRUCT: {
      arrow::FieldVector fields = type->fields();
      for (auto& field : fields) field = field->WithType(text_for_nothing(field->type()));
      return fields.empty() ? arrow::utf8() : arrow::struct_(std::move(fields));
    }
    default:
      return type;
  }
}

std::shared_ptr<arrow::Schema> text_for_nothing(const arrow::Schema& schema) {
  arrow::FieldVector fields = schema.fields();
  for (auto& field : fields) field = field->WithType(text_for_nothing(field->type()));
  return arrow::schema(std::move(fields));
}

}  // namespace velo
