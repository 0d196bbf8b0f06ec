// What stands for a field that a message does not have.

#include <fmt/format.h>

#include <bit>
#include <limits>
#include <optional>

#include "velo/base/parse_number.h"
#include "velo/formats/protobuf/value_appender.h"

namespace velo::formats::protobuf {
namespace {

template <typename Float>
std::optional<Float> parse_float(const std::string& text) {
  if (text == "inf") return std::numeric_limits<Float>::infinity();
  if (text == "-inf") return -std::numeric_limits<Float>::infinity();
  if (text == "nan") return std::numeric_limits<Float>::quiet_NaN();
  return parse_number<Float>(text);
}

template <typename Int>
std::optional<uint64_t> parse_int(const std::string& text) {
  const auto number = parse_number<Int>(text);
  if (!number) return std::nullopt;
  return static_cast<uint64_t>(static_cast<int64_t>(*number));
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

// As C writes bytes, which is how protoc does: \n, \", \001, \xFF.
std::string unescaped(std::string_view text) {
  constexpr std::string_view kLetters = "abfnrtv";
  constexpr std::string_view kBytes = "\a\b\f\n\r\t\v";
  std::string bytes;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '\\' || text.empty()) {
      bytes += c;
      continue;
    }
    const bool is_hex = text.front() == 'x' || text.front() == 'X';
    const int base = is_hex ? 16 : 8;
    const size_t most = is_hex ? 2 : 3;
    if (is_hex) text.remove_prefix(1);
    int value = 0;
    size_t num_digits = 0;
    for (; num_digits < most && !text.empty() && digit_of(text.front()) < base;
         ++num_digits) {
      value = value * base + digit_of(text.front());
      text.remove_prefix(1);
    }
    if (num_digits > 0) {
      bytes += static_cast<char>(value);
    } else if (!text.empty()) {
      const size_t letter = kLetters.find(text.front());
      bytes += letter == std::string_view::npos ? text.front() : kBytes[letter];
      text.remove_prefix(1);
    }
  }
  return bytes;
}

// The bits of a number, as they are on the wire.
std::optional<uint64_t> bits_of(const FieldDescriptor& field, const std::string& text) {
  switch (field.type) {
    case FieldType::kDouble: {
      const auto value = parse_float<double>(text);
      return value ? std::optional(std::bit_cast<uint64_t>(*value)) : std::nullopt;
    }
    case FieldType::kFloat: {
      const auto value = parse_float<float>(text);
      return value ? std::optional<uint64_t>(std::bit_cast<uint32_t>(*value))
                   : std::nullopt;
    }
    case FieldType::kSint32:
    case FieldType::kSint64: {
      const auto value = parse_number<int64_t>(text);
      return value ? std::optional(zigzag_encoded(*value)) : std::nullopt;
    }
    case FieldType::kInt32:
    case FieldType::kSfixed32:
      return parse_int<int32_t>(text);
    case FieldType::kInt64:
    case FieldType::kSfixed64:
      return parse_int<int64_t>(text);
    case FieldType::kUint32:
    case FieldType::kFixed32:
      return parse_int<uint32_t>(text);
    case FieldType::kUint64:
    case FieldType::kFixed64:
      return parse_number<uint64_t>(text);
    case FieldType::kBool:
      if (text == "true") return 1;
      return text == "false" ? std::optional<uint64_t>(0) : std::nullopt;
    case FieldType::kEnum: {
      const auto found = field.enumeration->numbers.find(text);
      if (found == field.enumeration->numbers.end()) return std::nullopt;
      return static_cast<uint64_t>(int64_t{found->second});
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

Result<WireField> default_of(const FieldDescriptor& field, std::string* bytes) {
  WireField value{.number = field.number};
  if (!field.default_value) {
    if (field.enumeration) {
      value.value = static_cast<uint64_t>(int64_t{field.enumeration->first});
    }
    return value;
  }
  if (field.type == FieldType::kString || field.type == FieldType::kBytes) {
    *bytes = field.type == FieldType::kString ? *field.default_value
                                              : unescaped(*field.default_value);
    value.bytes = *bytes;
    return value;
  }
  const auto bits = bits_of(field, *field.default_value);
  if (bits) {
    value.value = *bits;
    return value;
  }
  return make_error(ErrorKind::kCorruptData, {},
                    fmt::format("the default '{}' of field '{}' is no value of its type",
                                *field.default_value, field.name));
}

}  // namespace velo::formats::protobuf
