#include "velo/formats/avro/envelope.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "velo/columnar/change_columns.h"
#include "velo/formats/avro/arrow_types.h"
#include "velo/formats/avro/binary.h"
#include "velo/formats/avro/decoder.h"

namespace velo::formats::avro {
namespace {

Status no_change(std::string_view why) {
  return make_error(
      ErrorKind::kSchemaMismatch, {},
      fmt::format("the file's records are no changes of Debezium's: {}; leave envelope "
                  "out to read them as they are",
                  why));
}

const Field* field_of(const Schema& record, std::string_view name) {
  const auto found = std::ranges::find(record.fields, name, &Field::name);
  return found == record.fields.end() ? nullptr : &*found;
}

// What a field holds beside null, where that is of this kind.
const Schema* held_by(const Field* field, Kind kind) {
  if (field == nullptr) return nullptr;
  const Schema* const value = content_of(*field->type).value;
  return value != nullptr && value->kind == kind ? value : nullptr;
}

// The type with null as its first branch.
Result<SchemaPtr> may_be_null(const SchemaPtr& type) {
  if (type->kind == Kind::kNull) return type;
  if (type->kind != Kind::kUnion) return make_nullable(type);
  Schema schema{.kind = Kind::kUnion};
  schema.parts.push_back(make_schema(Kind::kNull));
  for (const SchemaPtr& part : type->parts) {
    if (part->kind != Kind::kNull) schema.parts.push_back(part);
  }
  return finish_schema(std::move(schema));
}

// Null where the writer lacks it.
Field optional_field(std::string name, SchemaPtr type) {
  Field field{.name = std::move(name), .type = std::move(type)};
  field.default_value.emplace();
  if (field.type->kind == Kind::kUnion) append_long(0, *field.default_value);
  return field;
}

// Of any name: `before` and `after` may have one each.
Result<SchemaPtr> row_type(const Schema& written) {
  Schema row{.kind = Kind::kRecord};
  for (const Field& field : written.fields) {
    if (is_change_column(field.name)) {
      return make_error(
          ErrorKind::kSchemaMismatch, {},
          fmt::format("column '{}' is named like one that every change has", field.name));
    }
    ARROW_ASSIGN_OR_RAISE(SchemaPtr type, may_be_null(field.type));
    row.fields.push_back(optional_field(field.name, std::move(type)));
    row.fields.back().aliases = field.aliases;
  }
  return finish_schema(std::move(row));
}

Result<SchemaPtr> row_type(const arrow::Schema& given) {
  ARROW_ASSIGN_OR_RAISE(const SchemaPtr asked,
                        wanted_of_given(*columns_of_changed_rows(given)));
  return row_type(*asked);
}

struct Part {
  std::string_view name;
  Kind kind;
};

// Those that are there, as they are.
void add_parts(const Schema& record, std::span<const Part> parts, Schema& wanted) {
  for (const Part& part : parts) {
    const Field* const field = field_of(record, part.name);
    if (held_by(field, part.kind) != nullptr) wanted.fields.push_back(*field);
  }
}

constexpr std::array<Part, 5> kPartsOfSource = {{{"ts_us", Kind::kLong},
                                                 {"ts_ms", Kind::kLong},
                                                 {"position", Kind::kString},
                                                 {"sequence", Kind::kString},
                                                 {"lsn", Kind::kLong}}};
constexpr std::array<Part, 2> kTimes = {{{"ts_us", Kind::kLong}, {"ts_ms", Kind::kLong}}};

}  // namespace

Result<SchemaPtr> row_of_envelope(const Schema& written, const arrow::Schema* given) {
  if (written.kind != Kind::kRecord) return no_change("they are no records");
  if (held_by(field_of(written, "op"), Kind::kString) == nullptr) {
    return no_change("'op' is no text in them");
  }
  const Schema* const after = held_by(field_of(written, "after"), Kind::kRecord);
  if (after == nullptr) return no_change("'after' is no record in them");
  return given ? row_type(*given) : row_type(*after);
}

Result<SchemaPtr> parts_of_envelope(const Schema& written, const SchemaPtr& row) {
  ARROW_ASSIGN_OR_RAISE(const SchemaPtr row_or_null, may_be_null(row));
  Schema wanted{.kind = Kind::kRecord};
  wanted.fields.push_back(*field_of(written, "op"));
  wanted.fields.push_back(optional_field("after", row_or_null));
  if (held_by(field_of(written, "before"), Kind::kRecord) != nullptr) {
    wanted.fields.push_back(optional_field("before", row_or_null));
  }
  if (const Schema* source = held_by(field_of(written, "source"), Kind::kRecord)) {
    Schema parts{.kind = Kind::kRecord};
    add_parts(*source, kPartsOfSource, parts);
    ARROW_ASSIGN_OR_RAISE(const SchemaPtr told, finish_schema(std::move(parts)));
    ARROW_ASSIGN_OR_RAISE(const SchemaPtr told_or_null, may_be_null(told));
    wanted.fields.push_back(optional_field("source", told_or_null));
  }
  add_parts(written, kTimes, wanted);
  return finish_schema(std::move(wanted));
}

}  // namespace velo::formats::avro
