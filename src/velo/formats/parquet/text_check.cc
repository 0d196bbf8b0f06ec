#include "velo/formats/parquet/text_check.h"

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/util/utf8.h>
#include <fmt/format.h>

#include <string_view>

#include "velo/base/utf8.h"

namespace velo::formats {
namespace {

// Texts one behind the other: all of their bytes, and that each begins with a character.
template <typename Array>
bool are_utf8(const Array& texts) {
  const int64_t size = texts.total_values_length();
  if (size == 0) return true;
  const uint8_t* data = texts.raw_data();
  const auto begin = texts.value_offset(0);
  if (!arrow::util::ValidateUTF8(data + begin, size)) return false;
  for (int64_t i = 0; i < texts.length(); ++i) {
    const auto offset = texts.value_offset(i);
    if (offset < begin + size && (data[offset] & 0xC0) == 0x80) return false;
  }
  return true;
}

bool are_utf8(const arrow::StringViewArray& texts) {
  for (int64_t i = 0; i < texts.length(); ++i) {
    const auto text = texts.GetView(i);
    if (texts.IsValid(i) && !arrow::util::ValidateUTF8(text)) return false;
  }
  return true;
}

bool is_utf8(const arrow::Array& column);

template <typename Array>
bool are_items_utf8(const Array& lists) {
  if (lists.length() == 0) return true;
  const int64_t begin = lists.value_offset(0);
  const int64_t end = lists.value_offset(lists.length());
  return is_utf8(*lists.values()->Slice(begin, end - begin));
}

bool are_fields_utf8(const arrow::StructArray& structs) {
  for (int i = 0; i < structs.num_fields(); ++i) {
    if (!is_utf8(*structs.field(i))) return false;
  }
  return true;
}

bool is_utf8(const arrow::Array& column) {
  switch (column.type_id()) {
    case arrow::Type::STRING:
      return are_utf8(static_cast<const arrow::StringArray&>(column));
    case arrow::Type::LARGE_STRING:
      return are_utf8(static_cast<const arrow::LargeStringArray&>(column));
    case arrow::Type::STRING_VIEW:
      return are_utf8(static_cast<const arrow::StringViewArray&>(column));
    case arrow::Type::STRUCT:
      return are_fields_utf8(static_cast<const arrow::StructArray&>(column));
    case arrow::Type::LIST:
    case arrow::Type::MAP:
      return are_items_utf8(static_cast<const arrow::ListArray&>(column));
    case arrow::Type::LARGE_LIST:
      return are_items_utf8(static_cast<const arrow::LargeListArray&>(column));
    case arrow::Type::FIXED_SIZE_LIST:
      return are_items_utf8(static_cast<const arrow::FixedSizeListArray&>(column));
    case arrow::Type::LIST_VIEW:
      return is_utf8(*static_cast<const arrow::ListViewArray&>(column).values());
    case arrow::Type::LARGE_LIST_VIEW:
      return is_utf8(*static_cast<const arrow::LargeListViewArray&>(column).values());
    case arrow::Type::DICTIONARY:
      return is_utf8(*static_cast<const arrow::DictionaryArray&>(column).dictionary());
    case arrow::Type::EXTENSION:
      return is_utf8(*static_cast<const arrow::ExtensionArray&>(column).storage());
    default:
      return true;
  }
}

// Where the first text is that is none: "row 7", empty for one below another column.
std::string row_of_bad_text(const arrow::Array& column, int64_t first_row) {
  if (column.type_id() != arrow::Type::STRING) return {};
  const auto& texts = static_cast<const arrow::StringArray&>(column);
  for (int64_t i = 0; i < texts.length(); ++i) {
    if (find_invalid_utf8(texts.GetView(i)) != std::string_view::npos) {
      return fmt::format("row {}, ", first_row + i);
    }
  }
  return {};
}

}  // namespace

Status check_texts(const arrow::RecordBatch& rows, int64_t first_row,
                   const std::string& file) {
  arrow::util::InitializeUTF8();
  for (int i = 0; i < rows.num_columns(); ++i) {
    const arrow::Array& column = *rows.column(i);
    if (is_utf8(column)) continue;
    return make_error(
        ErrorKind::kCorruptData,
        {.resource = file,
         .position = fmt::format("{}column '{}'", row_of_bad_text(column, first_row),
                                 rows.column_name(i))},
        "a text is not UTF-8, which Parquet's texts are; who writes bytes has to write "
        "them as binary");
  }
  return Status::OK();
}

}  // namespace velo::formats
