#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "velo/formats/avro/default_value.h"
#include "velo/formats/avro/schema.h"

namespace velo::formats::avro {
namespace {

using Json = nlohmann::json;

constexpr int kMostDepth = 64;
constexpr int64_t kMostFixedBytes = int64_t{1} << 20;
// As JSON in memory it takes some 30 times that.
constexpr size_t kMostSchemaBytes = size_t{16} << 20;
constexpr int kMostJsonDepth = 4 * kMostDepth;

Status corrupt(std::string_view what) {
  return make_error(ErrorKind::kCorruptData, {},
                    fmt::format("the Avro schema cannot be meant: {}", what));
}

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>()
                                                     : std::string();
}

std::vector<std::string> texts_of(const Json& object, const char* name) {
  std::vector<std::string> texts;
  const auto found = object.find(name);
  if (found == object.end() || !found->is_array()) return texts;
  for (const Json& text : *found) {
    if (text.is_string()) texts.push_back(text.get<std::string>());
  }
  return texts;
}

std::optional<int64_t> number_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer()) return std::nullopt;
  if (found->is_number_unsigned() && found->get<uint64_t>() > INT32_MAX) {
    return INT32_MAX;
  }
  return found->get<int64_t>();
}

std::string full_name(const std::string& name, const std::string& space) {
  const bool is_full = space.empty() || name.find('.') != std::string::npos;
  return is_full ? name : space + "." + name;
}

std::string space_of(const std::string& full_name) {
  const size_t dot = full_name.rfind('.');
  return dot == std::string::npos ? std::string() : full_name.substr(0, dot);
}

// Which of the bytes' largest number of digits a decimal says that it has.
bool is_decimal_of(const Json& json, Schema& schema) {
  const int64_t precision = number_of(json, "precision").value_or(0);
  const int64_t scale = number_of(json, "scale").value_or(0);
  if (precision < 1 || precision >= INT32_MAX || scale < 0 || scale > precision) {
    return false;
  }
  schema.precision = static_cast<int32_t>(precision);
  schema.scale = static_cast<int32_t>(scale);
  return true;
}

Logical logical_of(Kind kind, const std::string& name) {
  struct Meaning {
    std::string_view name;
    Kind kind;
    Logical logical;
  };
  static constexpr Meaning kMeanings[] = {
      {"decimal", Kind::kBytes, Logical::kDecimal},
      {"decimal", Kind::kFixed, Logical::kDecimal},
      {"uuid", Kind::kString, Logical::kUuid},
      {"uuid", Kind::kFixed, Logical::kUuid},
      {"duration", Kind::kFixed, Logical::kDuration},
      {"date", Kind::kInt, Logical::kDate},
      {"time-millis", Kind::kInt, Logical::kTimeMillis},
      {"time-micros", Kind::kLong, Logical::kTimeMicros},
      {"timestamp-millis", Kind::kLong, Logical::kTimestampMillis},
      {"timestamp-micros", Kind::kLong, Logical::kTimestampMicros},
      {"timestamp-nanos", Kind::kLong, Logical::kTimestampNanos},
      {"local-timestamp-millis", Kind::kLong, Logical::kLocalTimestampMillis},
      {"local-timestamp-micros", Kind::kLong, Logical::kLocalTimestampMicros},
      {"local-timestamp-nanos", Kind::kLong, Logical::kLocalTimestampNanos},
  };
  for (const Meaning& meaning : kMeanings) {
    if (meaning.name == name && meaning.kind == kind) return meaning.logical;
  }
  return Logical::kNone;
}

// Source: debezium.io/documentation/reference/stable/connectors/postgresql.html, "Data
// type mappings".
Logical logical_of_connect(Kind kind, std::string_view name) {
  struct Meaning {
    std::string_view name;
    Kind kind;
    Logical logical;
  };
  static constexpr Meaning kMeanings[] = {
      {"Date", Kind::kInt, Logical::kDate},
      {"Time", Kind::kInt, Logical::kTimeMillis},
      {"MicroTime", Kind::kLong, Logical::kTimeMicros},
      {"NanoTime", Kind::kLong, Logical::kTimeNanos},
      {"Timestamp", Kind::kLong, Logical::kLocalTimestampMillis},
      {"MicroTimestamp", Kind::kLong, Logical::kLocalTimestampMicros},
      {"NanoTimestamp", Kind::kLong, Logical::kLocalTimestampNanos},
      {"ZonedTimestamp", Kind::kString, Logical::kZonedTimestamp},
  };
  constexpr std::string_view kFolders[] = {"io.debezium.time.",
                                           "org.apache.kafka.connect.data."};
  for (const std::string_view folder : kFolders) {
    if (!name.starts_with(folder)) continue;
    for (const Meaning& meaning : kMeanings) {
      if (meaning.name == name.substr(folder.size()) && meaning.kind == kind) {
        return meaning.logical;
      }
    }
  }
  return Logical::kNone;
}

void add_meaning(const Json& json, Schema& schema) {
  schema.logical = logical_of_connect(schema.kind, text_of(json, "connect.name"));
  if (schema.logical != Logical::kNone) return;
  const Logical logical = logical_of(schema.kind, text_of(json, "logicalType"));
  const int64_t num_bytes = schema.kind == Kind::kFixed ? schema.num_bytes : -1;
  if (logical == Logical::kDecimal && !is_decimal_of(json, schema)) return;
  if (logical == Logical::kUuid && num_bytes != -1 && num_bytes != 16) return;
  if (logical == Logical::kDuration && num_bytes != 12) return;
  schema.logical = logical;
}

// Whether brackets are within each other more often than in any schema: each takes a
// hundred times its byte in memory.
bool is_too_deep(std::string_view json) {
  int depth = 0;
  bool in_text = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_text) {
      if (c == '\\') ++i;
      in_text = c != '"';
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMostJsonDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

class SchemaParser {
 public:
  Result<SchemaPtr> parse(const Json& json, const std::string& space, int depth) {
    if (depth > kMostDepth) {
      return corrupt(fmt::format("it is nested more than {} deep", kMostDepth));
    }
    if (json.is_string()) return named(json.get<std::string>(), space);
    if (json.is_array()) return union_of(json, space, depth);
    if (!json.is_object()) return corrupt("a type is a name, a list or an object");
    const auto inner = json.find("type");
    if (inner == json.end()) return corrupt("an object has no type");
    if (!inner->is_string()) return parse(*inner, space, depth + 1);
    const std::string type = inner->get<std::string>();
    if (type == "record" || type == "error") return record_of(json, space, depth);
    if (type == "array") return around(Kind::kArray, json, "items", space, depth);
    if (type == "map") return around(Kind::kMap, json, "values", space, depth);
    if (type == "fixed") return fixed_of(json, space);
    if (type == "enum") return enum_of(json, space);
    ARROW_ASSIGN_OR_RAISE(SchemaPtr plain, named(type, space));
    Schema schema = *plain;
    add_meaning(json, schema);
    if (schema.logical == plain->logical) return plain;
    return std::make_shared<const Schema>(std::move(schema));
  }

 private:
  Result<SchemaPtr> named(const std::string& name, const std::string& space) const {
    for (const Kind kind : {Kind::kNull, Kind::kBoolean, Kind::kInt, Kind::kLong,
                            Kind::kFloat, Kind::kDouble, Kind::kBytes, Kind::kString}) {
      if (name == kind_name(kind)) return make_schema(kind);
    }
    for (const std::string& full : {full_name(name, space), name}) {
      if (const auto found = known_.find(full); found != known_.end()) {
        return found->second;
      }
      if (open_.contains(full)) {
        return make_error(
            ErrorKind::kNotImplemented, {},
            fmt::format("the Avro type '{}' holds itself, which no column can", full));
      }
    }
    return corrupt(fmt::format("there is no type '{}'", name));
  }

  // The name of a type, and what else it is called.
  Result<Schema> begin(Kind kind, const Json& json, const std::string& space) const {
    const std::string name = text_of(json, "name");
    const bool has_space = json.contains("namespace");
    Schema schema{.kind = kind};
    // Polars writes a record without a name.
    if (name.empty()) return schema;
    schema.name = full_name(name, has_space ? text_of(json, "namespace") : space);
    for (const std::string& alias : texts_of(json, "aliases")) {
      schema.aliases.push_back(full_name(alias, space_of(schema.name)));
    }
    return schema;
  }

  Result<SchemaPtr> remember(Schema schema) {
    ARROW_ASSIGN_OR_RAISE(SchemaPtr whole, finish_schema(std::move(schema)));
    if (!whole->name.empty()) known_[whole->name] = whole;
    return whole;
  }

  Result<SchemaPtr> union_of(const Json& json, const std::string& space, int depth) {
    Schema schema{.kind = Kind::kUnion};
    for (const Json& branch : json) {
      ARROW_ASSIGN_OR_RAISE(SchemaPtr part, parse(branch, space, depth + 1));
      if (part->kind == Kind::kUnion) return corrupt("a union is a branch of a union");
      for (const SchemaPtr& other : schema.parts) {
        if (part->kind == other->kind && part->name == other->name) {
          return corrupt(fmt::format("a union has {} twice", to_string(*part)));
        }
      }
      schema.parts.push_back(std::move(part));
    }
    if (schema.parts.empty()) return corrupt("a union of nothing");
    return finish_schema(std::move(schema));
  }

  Result<SchemaPtr> around(Kind kind, const Json& json, const char* of,
                           const std::string& space, int depth) {
    const auto inner = json.find(of);
    if (inner == json.end()) {
      return corrupt(fmt::format("of {} '{}' is missing", kind_name(kind), of));
    }
    Schema schema{.kind = kind};
    ARROW_ASSIGN_OR_RAISE(SchemaPtr part, parse(*inner, space, depth + 1));
    schema.parts.push_back(std::move(part));
    return finish_schema(std::move(schema));
  }

  Result<SchemaPtr> fixed_of(const Json& json, const std::string& space) {
    ARROW_ASSIGN_OR_RAISE(Schema schema, begin(Kind::kFixed, json, space));
    const auto size = number_of(json, "size");
    if (!size || *size < 0 || *size > kMostFixedBytes) {
      return corrupt(fmt::format("the size of '{}'", schema.name));
    }
    schema.num_bytes = *size;
    add_meaning(json, schema);
    return remember(std::move(schema));
  }

  Result<SchemaPtr> enum_of(const Json& json, const std::string& space) {
    ARROW_ASSIGN_OR_RAISE(Schema schema, begin(Kind::kEnum, json, space));
    if (!json.contains("symbols")) {
      return corrupt(fmt::format("the enum '{}' has no symbols", schema.name));
    }
    schema.symbols = texts_of(json, "symbols");
    // Values are numbers of symbols: none can be left out.
    if (schema.symbols.size() != json["symbols"].size()) {
      return corrupt(fmt::format("a symbol of '{}' is no text", schema.name));
    }
    if (const std::string symbol = text_of(json, "default"); !symbol.empty()) {
      schema.default_symbol = symbol;
    }
    return remember(std::move(schema));
  }

  Result<SchemaPtr> record_of(const Json& json, const std::string& space, int depth) {
    ARROW_ASSIGN_OR_RAISE(Schema schema, begin(Kind::kRecord, json, space));
    const auto fields = json.find("fields");
    if (fields == json.end() || !fields->is_array()) {
      return corrupt(fmt::format("the record '{}' has no fields", schema.name));
    }
    open_.insert(schema.name);
    std::set<std::string> names;
    for (const Json& field : *fields) {
      ARROW_ASSIGN_OR_RAISE(Field parsed, field_of(field, space_of(schema.name), depth));
      if (!names.insert(parsed.name).second) {
        return corrupt(
            fmt::format("the record '{}' has two fields '{}'", schema.name, parsed.name));
      }
      schema.fields.push_back(std::move(parsed));
    }
    open_.erase(schema.name);
    return remember(std::move(schema));
  }

  Result<Field> field_of(const Json& json, const std::string& space, int depth) {
    if (!json.is_object() || !json.contains("type") || text_of(json, "name").empty()) {
      return corrupt("a field has no name, or no type");
    }
    Field field{.name = text_of(json, "name"), .aliases = texts_of(json, "aliases")};
    auto type = parse(json["type"], space, depth + 1);
    if (!type.ok()) {
      return annotate(type.status(), fmt::format("field '{}'", field.name));
    }
    field.type = *std::move(type);
    if (const auto value = json.find("default"); value != json.end()) {
      field.default_value = encode_default(*value, *field.type);
    }
    field.id = static_cast<int>(number_of(json, "field-id").value_or(-1));
    return field;
  }

  std::map<std::string, SchemaPtr, std::less<>> known_;
  std::set<std::string> open_;  // records whose fields are being read
};

}  // namespace

Result<SchemaPtr> parse_schema(std::string_view text) {
  if (text.size() > kMostSchemaBytes) return corrupt("it has more than 16 MiB");
  if (is_too_deep(text)) {
    return corrupt(fmt::format("it is nested more than {} deep", kMostDepth));
  }
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    // A name of a type alone is written without quotes by some.
    for (const char* plain :
         {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}) {
      if (text == plain) return SchemaParser().parse(Json(plain), {}, 0);
    }
    return corrupt("it is not JSON");
  }
  return SchemaParser().parse(json, {}, 0);
}

}  // namespace velo::formats::avro
