#include "velo/formats/avro/default_value.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "velo/formats/avro/binary.h"

namespace velo::formats::avro {
namespace {

using Json = nlohmann::json;

// A record's default may hold those of its fields, and they those of theirs.
constexpr size_t kMostDefaultBytes = size_t{1} << 20;

// Bytes stand in a text, each as the code point of its number.
std::optional<std::string> bytes_of(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<uint8_t>(text[i]);
    if (first < 0x80) {
      bytes += text[i];
    } else if ((first == 0xC2 || first == 0xC3) && i + 1 < text.size()) {
      bytes += static_cast<char>((first & 3) << 6 | (text[++i] & 0x3F));
    } else {
      return std::nullopt;
    }
  }
  return bytes;
}

bool append_integer(const Json& json, int64_t least, int64_t most, std::string& to) {
  if (!json.is_number_integer()) return false;
  if (json.is_number_unsigned() && json.get<uint64_t>() > static_cast<uint64_t>(most)) {
    return false;
  }
  const auto number = json.get<int64_t>();
  if (number < least || number > most) return false;
  append_long(number, to);
  return true;
}

bool append_value(const Json& json, const Schema& schema, std::string& to);

bool append_bytes(const Json& json, const Schema& schema, std::string& to) {
  if (!json.is_string()) return false;
  const auto bytes = bytes_of(json.get_ref<const std::string&>());
  if (!bytes) return false;
  if (schema.kind == Kind::kFixed) {
    to += *bytes;
    return static_cast<int64_t>(bytes->size()) == schema.num_bytes;
  }
  append_text(*bytes, to);
  return true;
}

bool append_items(const Json& json, const Schema& schema, std::string& to) {
  const bool is_map = schema.kind == Kind::kMap;
  if (is_map ? !json.is_object() : !json.is_array()) return false;
  if (!json.empty()) append_long(static_cast<int64_t>(json.size()), to);
  for (const auto& [key, value] : json.items()) {
    if (is_map) append_text(key, to);
    if (!append_value(value, *schema.parts[0], to)) return false;
  }
  append_long(0, to);
  return true;
}

bool append_union(const Json& json, const Schema& schema, std::string& to) {
  for (size_t i = 0; i < schema.parts.size(); ++i) {
    std::string value;
    if (!append_value(json, *schema.parts[i], value)) continue;
    append_long(static_cast<int64_t>(i), to);
    to += value;
    return true;
  }
  return false;
}

bool append_record(const Json& json, const Schema& schema, std::string& to) {
  if (!json.is_object()) return false;
  for (const Field& field : schema.fields) {
    if (to.size() > kMostDefaultBytes) return false;
    const auto found = json.find(field.name);
    if (found != json.end()) {
      if (!append_value(*found, *field.type, to)) return false;
    } else if (field.default_value) {
      to += *field.default_value;
    } else {
      return false;
    }
  }
  return true;
}

bool append_symbol(const Json& json, const Schema& schema, std::string& to) {
  if (!json.is_string()) return false;
  const auto found =
      std::ranges::find(schema.symbols, json.get_ref<const std::string&>());
  append_long(found - schema.symbols.begin(), to);
  return found != schema.symbols.end();
}

bool append_value(const Json& json, const Schema& schema, std::string& to) {
  switch (schema.kind) {
    case Kind::kNull:
      return json.is_null();
    case Kind::kBoolean:
      if (!json.is_boolean()) return false;
      to += json.get<bool>() ? '\1' : '\0';
      return true;
    case Kind::kInt:
      return append_integer(json, std::numeric_limits<int32_t>::min(),
                            std::numeric_limits<int32_t>::max(), to);
    case Kind::kLong:
      return append_integer(json, std::numeric_limits<int64_t>::min(),
                            std::numeric_limits<int64_t>::max(), to);
    case Kind::kFloat:
      if (!json.is_number()) return false;
      append_float(static_cast<float>(json.get<double>()), to);
      return true;
    case Kind::kDouble:
      if (!json.is_number()) return false;
      append_float(json.get<double>(), to);
      return true;
    case Kind::kString:
      if (!json.is_string()) return false;
      append_text(json.get_ref<const std::string&>(), to);
      return true;
    case Kind::kBytes:
    case Kind::kFixed:
      return append_bytes(json, schema, to);
    case Kind::kEnum:
      return append_symbol(json, schema, to);
    case Kind::kArray:
    case Kind::kMap:
      return append_items(json, schema, to);
    case Kind::kUnion:
      return append_union(json, schema, to);
    case Kind::kRecord:
      return append_record(json, schema, to);
  }
  return false;
}

}  // namespace

std::optional<std::string> encode_default(const Json& json, const Schema& schema) {
  std::string bytes;
  if (!append_value(json, schema, bytes) || bytes.size() > kMostDefaultBytes) {
    return std::nullopt;
  }
  return bytes;
}

}  // namespace velo::formats::avro
