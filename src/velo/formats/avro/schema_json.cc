// A schema as it is written into a file's head.

#include <nlohmann/json.hpp>
#include <set>

#include "velo/formats/avro/schema_of_arrow.h"

namespace velo::formats::avro {
namespace {

using Json = nlohmann::ordered_json;

class JsonMaker {
 public:
  Json json(const Schema& schema) {
    if (!schema.name.empty() && !names_.insert(schema.name).second) return schema.name;
    if (schema.kind == Kind::kUnion) {
      Json branches = Json::array();
      for (const SchemaPtr& branch : schema.parts) branches.push_back(json(*branch));
      return branches;
    }
    Json object;
    object["type"] = kind_name(schema.kind);
    if (!schema.name.empty()) {
      object["name"] = schema.name;
      // Else it would be in that of the record around it.
      const bool has_space = schema.name.find('.') != std::string::npos;
      if (!has_space && is_in_space_) object["namespace"] = "";
      is_in_space_ = is_in_space_ || has_space;
    }
    switch (schema.kind) {
      case Kind::kArray:
        object["items"] = json(*schema.parts[0]);
        break;
      case Kind::kMap:
        object["values"] = json(*schema.parts[0]);
        break;
      case Kind::kFixed:
        object["size"] = schema.num_bytes;
        break;
      case Kind::kEnum:
        object["symbols"] = schema.symbols;
        break;
      case Kind::kRecord:
        object["fields"] = fields(schema);
        break;
      default:
        if (schema.logical == Logical::kNone) return kind_name(schema.kind);
        break;
    }
    add_meaning(schema, object);
    return object;
  }

 private:
  Json fields(const Schema& record) {
    Json fields = Json::array();
    for (const Field& field : record.fields) {
      Json object;
      object["name"] = field.name;
      object["type"] = json(*field.type);
      // The only default that is ever written.
      const bool is_null_first =
          field.type->kind == Kind::kUnion && field.type->parts[0]->kind == Kind::kNull;
      if (is_null_first && field.default_value) object["default"] = nullptr;
      fields.push_back(std::move(object));
    }
    return fields;
  }

  static void add_meaning(const Schema& schema, Json& object) {
    if (schema.logical == Logical::kNone) return;
    if (schema.logical == Logical::kTimeNanos ||
        schema.logical == Logical::kZonedTimestamp) {
      object["connect.name"] = schema.logical == Logical::kTimeNanos
                                   ? "io.debezium.time.NanoTime"
                                   : "io.debezium.time.ZonedTimestamp";
      return;
    }
    if (schema.logical != Logical::kDecimal) {
      object["logicalType"] = to_string(schema);
      return;
    }
    object["logicalType"] = "decimal";
    object["precision"] = schema.precision;
    object["scale"] = schema.scale;
  }

  std::set<std::string> names_;
  bool is_in_space_ = false;  // some record so far has a namespace
};

}  // namespace

std::string json_of(const Schema& schema) { return JsonMaker().json(schema).dump(); }

}  // namespace velo::formats::avro
