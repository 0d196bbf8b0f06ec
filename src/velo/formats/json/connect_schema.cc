#include "velo/formats/json/connect_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "velo/base/parse_number.h"
#include "velo/formats/json/envelope.h"

namespace velo::formats::json {
namespace {

constexpr std::string_view kDecimal = "org.apache.kafka.connect.data.Decimal";
constexpr int32_t kMostDigits = 38;
constexpr int32_t kMostDigitsOfAll = 76;

struct Node {
  std::string type;
  std::string name;
  std::string field;
  std::string scale;
  std::string precision;
  std::vector<Node> fields;
  std::vector<Node> items;   // none or one
  std::vector<Node> keys;    // none or one
  std::vector<Node> values;  // none or one
};

using TypePtr = std::shared_ptr<arrow::DataType>;

class SchemaReader {
 public:
  explicit SchemaReader(Cursor& cursor) : cursor_(cursor) {}

  bool read(Node& node) {
    if (cursor_.peek() != '{') return fail("an object");
    return for_each_member(cursor_, buffer_, [&](std::string_view member) {
      if (member == "type") return read_text(node.type);
      if (member == "name") return read_text(node.name);
      if (member == "field") return read_text(node.field);
      if (member == "parameters") return read_parameters(node);
      if (member == "fields") return read_fields(node.fields);
      if (member == "items") return read(node.items.emplace_back());
      if (member == "keys") return read(node.keys.emplace_back());
      if (member == "values") return read(node.values.emplace_back());
      return cursor_.skip_value();
    });
  }

 private:
  bool fail(const char* expected) {
    return cursor_.fail(
        ErrorKind::kCorruptData,
        fmt::format("this is no schema of Kafka Connect's: {} is expected", expected));
  }

  bool read_text(std::string& text) {
    if (cursor_.peek() == 'n') return cursor_.take_null();
    if (cursor_.peek() != '"') return fail("a text");
    std::string_view view;
    if (!cursor_.take_text(view, buffer_)) return false;
    text = view;
    return true;
  }

  bool read_parameters(Node& node) {
    if (cursor_.peek() != '{') return cursor_.skip_value();
    return for_each_member(cursor_, buffer_, [&](std::string_view member) {
      if (member == "scale") return read_text(node.scale);
      if (member == "connect.decimal.precision") return read_text(node.precision);
      return cursor_.skip_value();
    });
  }

  bool read_fields(std::vector<Node>& fields) {
    if (cursor_.peek() != '[') return fail("a list");
    if (!cursor_.enter()) return false;
    cursor_.advance();
    if (!cursor_.take(']')) {
      do {
        if (!read(fields.emplace_back())) return false;
      } while (cursor_.take(','));
      if (!cursor_.take(']')) return cursor_.fail_expected("',' or ']'");
    }
    cursor_.leave();
    return true;
  }

  Cursor& cursor_;
  std::vector<uint8_t> buffer_;
};

// The type that the name gives to a column; nullptr where it is that of its values.
TypePtr type_of_name(const Node& node) {
  using arrow::TimeUnit;
  const std::string& name = node.name;
  for (const char* folder : {"io.debezium.time.", "org.apache.kafka.connect.data."}) {
    if (!name.starts_with(folder)) continue;
    const std::string_view kind = std::string_view(name).substr(std::strlen(folder));
    if (kind == "Date" && node.type == "int32") return arrow::date32();
    if (kind == "Time" && node.type == "int32") return arrow::time32(TimeUnit::MILLI);
    if (kind == "ZonedTimestamp" && node.type == "string") {
      return arrow::timestamp(TimeUnit::MICRO, "UTC");
    }
    if (node.type != "int64") return nullptr;
    if (kind == "MicroTime") return arrow::time64(TimeUnit::MICRO);
    if (kind == "NanoTime") return arrow::time64(TimeUnit::NANO);
    if (kind == "Timestamp") return arrow::timestamp(TimeUnit::MILLI);
    if (kind == "MicroTimestamp") return arrow::timestamp(TimeUnit::MICRO);
    if (kind == "NanoTimestamp") return arrow::timestamp(TimeUnit::NANO);
  }
  return nullptr;
}

// nullptr where no decimal has so many digits.
TypePtr decimal_of(const Node& node) {
  const auto scale = parse_number<int32_t>(node.scale);
  const auto precision =
      node.precision.empty() ? kMostDigits : parse_number<int32_t>(node.precision);
  if (!scale || !precision || *precision < 1 || *precision > kMostDigitsOfAll ||
      *scale > *precision || *scale < -kMostDigits) {
    return nullptr;
  }
  return *precision <= kMostDigits ? arrow::decimal128(*precision, *scale)
                                   : arrow::decimal256(*precision, *scale);
}

TypePtr type_of_values(const Node& node);

TypePtr type_of_nested(const Node& node) {
  if (node.type == "array" && node.items.size() == 1) {
    const TypePtr items = type_of_values(node.items.front());
    return items ? arrow::list(items) : nullptr;
  }
  if (node.type == "map" && node.keys.size() == 1 && node.values.size() == 1) {
    const TypePtr keys = type_of_values(node.keys.front());
    const TypePtr values = type_of_values(node.values.front());
    return keys && values ? arrow::map(keys, values) : nullptr;
  }
  if (node.type != "struct") return nullptr;
  arrow::FieldVector fields;
  for (const Node& member : node.fields) {
    const TypePtr type = type_of_values(member);
    if (!type) return nullptr;
    fields.push_back(arrow::field(member.field, type));
  }
  return arrow::struct_(std::move(fields));
}

// nullptr for a type that is not known.
TypePtr type_of_values(const Node& node) {
  if (node.type == "int8") return arrow::int8();
  if (node.type == "int16") return arrow::int16();
  if (node.type == "int32") return arrow::int32();
  if (node.type == "int64") return arrow::int64();
  if (node.type == "float" || node.type == "float32") return arrow::float32();
  if (node.type == "double" || node.type == "float64") return arrow::float64();
  if (node.type == "boolean") return arrow::boolean();
  if (node.type == "string") return arrow::utf8();
  if (node.type == "bytes") return arrow::binary();
  return type_of_nested(node);
}

const Node* find_rows(const Node& envelope) {
  for (const char* name : {"after", "before"}) {
    const auto found = std::ranges::find(envelope.fields, name, &Node::field);
    if (found != envelope.fields.end() && found->type == "struct") return &*found;
  }
  return nullptr;
}

}  // namespace

bool read_connect_schema(Cursor& cursor, std::vector<ConnectColumn>& columns) {
  const int64_t offset = cursor.offset();
  Node envelope;
  if (!SchemaReader(cursor).read(envelope)) return false;
  const Node* rows = find_rows(envelope);
  if (rows == nullptr) {
    return cursor.fail_at(offset, ErrorKind::kCorruptData,
                          R"(the schema has no struct "after": it is no change's)");
  }
  columns.clear();
  for (const Node& node : rows->fields) {
    if (node.field.empty()) {
      return cursor.fail_at(offset, ErrorKind::kCorruptData,
                            "the schema has a column without a name");
    }
    ConnectColumn column{.name = node.field, .type = type_of_name(node)};
    column.is_bytes = node.name == kDecimal && node.type == "bytes";
    if (column.is_bytes) column.type = decimal_of(node);
    if (!column.is_bytes && !column.type) column.type = type_of_values(node);
    if (!column.type) {
      return cursor.fail_at(
          offset, ErrorKind::kCorruptData,
          fmt::format("the schema says of column '{}' that it is {} ({}), scale '{}', "
                      "precision '{}', which is not known",
                      node.field, node.type, node.name, node.scale, node.precision));
    }
    columns.push_back(std::move(column));
  }
  return true;
}

}  // namespace velo::formats::json
