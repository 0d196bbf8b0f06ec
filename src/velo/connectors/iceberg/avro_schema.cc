#include "velo/connectors/iceberg/avro_schema.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

namespace velo::iceberg {
namespace {

using Json = nlohmann::json;
using Type = std::shared_ptr<const AvroType>;

constexpr int kMaxDepth = 32;
constexpr size_t kMaxFixedBytes = size_t{1} << 20;

Status corrupt(std::string_view what) {
  return make_error(ErrorKind::kCorruptData, {},
                    fmt::format("its Avro schema cannot be meant: {}", what));
}

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>()
                                                     : std::string();
}

class SchemaParser {
 public:
  Result<Type> parse(const Json& json, int depth) {
    if (depth > kMaxDepth) return corrupt("it is nested too deeply");
    if (json.is_string()) return named(json.get<std::string>());
    if (json.is_array()) return union_of(json, depth);
    if (!json.is_object()) return corrupt("a type is a name, a list or an object");
    const auto inner = json.find("type");
    if (inner == json.end()) return corrupt("an object without a type");
    if (!inner->is_string()) return parse(*inner, depth + 1);
    const std::string type = inner->get<std::string>();
    if (type == "record") return record_of(json, depth);
    if (type == "array") return container_of(AvroKind::kArray, json, "items", depth);
    if (type == "map") return container_of(AvroKind::kMap, json, "values", depth);
    if (type == "fixed") return fixed_of(json);
    if (type == "enum") return remember(json, {.kind = AvroKind::kEnum});
    return named(type);
  }

 private:
  Result<Type> named(const std::string& name) const {
    static const std::map<std::string, AvroKind, std::less<>> kPlain = {
        {"null", AvroKind::kNull},   {"boolean", AvroKind::kBoolean},
        {"int", AvroKind::kLong},    {"long", AvroKind::kLong},
        {"float", AvroKind::kFloat}, {"double", AvroKind::kDouble},
        {"bytes", AvroKind::kBytes}, {"string", AvroKind::kBytes},
    };
    if (const auto plain = kPlain.find(name); plain != kPlain.end()) {
      return std::make_shared<const AvroType>(AvroType{.kind = plain->second});
    }
    if (const auto known = names_.find(name); known != names_.end()) {
      return known->second;
    }
    return corrupt(fmt::format("there is no type '{}'", name));
  }

  // A type can only be referred to once it is whole, so that none holds itself.
  Result<Type> remember(const Json& json, AvroType type) {
    auto shared = std::make_shared<const AvroType>(std::move(type));
    const std::string name = text_of(json, "name");
    names_[name] = shared;
    if (const std::string space = text_of(json, "namespace"); !space.empty()) {
      names_[space + "." + name] = shared;
    }
    return shared;
  }

  Result<Type> union_of(const Json& json, int depth) {
    AvroType type{.kind = AvroKind::kUnion};
    for (const Json& branch : json) {
      ARROW_ASSIGN_OR_RAISE(Type part, parse(branch, depth + 1));
      type.parts.push_back(std::move(part));
    }
    if (type.parts.empty()) return corrupt("a union of nothing");
    return std::make_shared<const AvroType>(std::move(type));
  }

  Result<Type> container_of(AvroKind kind, const Json& json, const char* of, int depth) {
    const auto inner = json.find(of);
    if (inner == json.end()) return corrupt(fmt::format("'{}' is missing", of));
    ARROW_ASSIGN_OR_RAISE(Type part, parse(*inner, depth + 1));
    return std::make_shared<const AvroType>(
        AvroType{.kind = kind, .parts = {std::move(part)}});
  }

  Result<Type> fixed_of(const Json& json) {
    const auto size = json.find("size");
    if (size == json.end() || !size->is_number_unsigned() ||
        size->get<size_t>() > kMaxFixedBytes) {
      return corrupt("the size of a fixed type");
    }
    return remember(json, {.kind = AvroKind::kFixed, .num_bytes = size->get<size_t>()});
  }

  Result<Type> record_of(const Json& json, int depth) {
    const auto fields = json.find("fields");
    if (fields == json.end() || !fields->is_array()) {
      return corrupt("a record without fields");
    }
    AvroType type{.kind = AvroKind::kRecord};
    for (const Json& field : *fields) {
      if (!field.is_object() || !field.contains("type")) {
        return corrupt("a field without a type");
      }
      const auto id = field.find("field-id");
      const bool has_id = id != field.end() && id->is_number_integer();
      type.field_ids.push_back(has_id ? id->get<int>() : -1);
      ARROW_ASSIGN_OR_RAISE(Type part, parse(field["type"], depth + 1));
      type.parts.push_back(std::move(part));
    }
    return remember(json, std::move(type));
  }

  std::map<std::string, Type, std::less<>> names_;
};

}  // namespace

Result<std::shared_ptr<const AvroType>> parse_avro_schema(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return corrupt("it is not JSON");
  return SchemaParser().parse(json, 0);
}

}  // namespace velo::iceberg
