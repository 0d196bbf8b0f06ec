#include "velo/engine/record_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "velo/columnar/common_type.h"
#include "velo/columnar/schema_text.h"

namespace velo::engine {
namespace {

using TypePointer = std::shared_ptr<arrow::DataType>;

// Whether it stands there as a whole, or at least begins something.
bool has_word(std::string_view text, std::string_view word, bool is_whole) {
  for (size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    const bool begins = at == 0 || text[at - 1] == ' ';
    const bool ends = end == text.size() || text[end] == ' ';
    if (begins && (!is_whole || ends)) return true;
  }
  return false;
}

// Those without others inside.
std::vector<TypePointer> plain_types() {
  std::vector<TypePointer> types = {
      arrow::null(),    arrow::boolean(), arrow::int8(),    arrow::int16(),
      arrow::int32(),   arrow::int64(),   arrow::uint8(),   arrow::uint16(),
      arrow::uint32(),  arrow::uint64(),  arrow::float16(), arrow::float32(),
      arrow::float64(), arrow::utf8(),    arrow::binary(),  arrow::large_utf8(),
      arrow::date32()};
  for (const auto unit : arrow::TimeUnit::values()) {
    types.push_back(arrow::timestamp(unit));
    types.push_back(arrow::timestamp(unit, "UTC"));
    types.push_back(unit <= arrow::TimeUnit::MILLI ? arrow::time32(unit)
                                                   : arrow::time64(unit));
  }
  for (int digits = 1; digits <= 38; ++digits) {
    for (int scale = 0; scale <= digits; ++scale) {
      types.push_back(arrow::decimal128(digits, scale));
    }
  }
  return types;
}

// The type that a column has in the record; nullptr where it has none there, or one that
// is not plain.
TypePointer type_in_record(const std::string& text, const arrow::Field& field) {
  if (is_in_record(text, field)) return field.type();
  static const auto* const types = new std::vector<TypePointer>(plain_types());
  for (const TypePointer& type : *types) {
    if (is_in_record(text, *field.WithType(type))) return type;
  }
  return nullptr;
}

bool has_name(const std::string& text, const arrow::Field& field) {
  return has_word(text, field.name() + ": ", /*is_whole=*/false);
}

}  // namespace

std::string text_in_record(const arrow::Schema& schema) {
  std::string text = schema.ToString();
  std::ranges::replace(text, '\n', ' ');
  return text;
}

bool is_in_record(const std::string& text, const arrow::Field& field) {
  for (const bool nullable : {true, false}) {
    const auto known = field.WithNullable(nullable);
    if (has_word(text, known->ToString(/*show_metadata=*/false), /*is_whole=*/true)) {
      return true;
    }
  }
  return false;
}

std::shared_ptr<arrow::Schema> columns_of_record(const arrow::Schema& schema,
                                                 const std::string& text) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    auto type = type_in_record(text, *field);
    if (!type && has_name(text, *field)) return nullptr;
    if (type) fields.push_back(field->WithType(std::move(type)));
  }
  return arrow::schema(std::move(fields));
}

Result<std::shared_ptr<arrow::Schema>> columns_since_record(const arrow::Schema& schema,
                                                            const std::string& text) {
  arrow::FieldVector fields = schema.fields();
  for (auto& field : fields) {
    const auto before = type_in_record(text, *field);
    if (!before) continue;
    auto type = common_type(before, field->type());
    if (!type) {
      return make_error(
          ErrorKind::kSchemaMismatch, {},
          fmt::format("column '{}' is {}, and it was {} when this pipeline ran last: no "
                      "type holds the values of both. CAST it in the SELECT, or give "
                      "another name, which begins anew",
                      field->name(), type_name(*field->type()), type_name(*before)));
    }
    field = field->WithType(std::move(type));
  }
  return arrow::schema(std::move(fields));
}

}  // namespace velo::engine
