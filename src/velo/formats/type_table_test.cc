// docs/guide/formats/types.md: what becomes of each type of Arrow in each format, as it
// is tried. With VELO_UPDATE_DOCS set the page is written anew.

#include <arrow/compute/cast.h>
#include <arrow/extension/uuid.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "velo/formats/round_trip_for_test.h"

namespace velo::formats {
namespace {

using arrow::TimeUnit;

struct Case {
  std::shared_ptr<arrow::DataType> type;
  const char* value = nullptr;  // as Arrow's JSON; nullptr: none, its rows cannot be made
};

const std::vector<Case>& cases() {
  static const auto kInt = arrow::int64();
  static const arrow::FieldVector kFields = {arrow::field("a", kInt)};
  static const std::vector<Case> cases = {
      {arrow::null(), "null"},
      {arrow::boolean(), "true"},
      {arrow::int8(), "-7"},
      {arrow::int16(), "-7"},
      {arrow::int32(), "-7"},
      {arrow::int64(), "-7"},
      {arrow::uint8(), "7"},
      {arrow::uint16(), "7"},
      {arrow::uint32(), "7"},
      {arrow::uint64(), "7"},
      {arrow::float16(), "0.5"},
      {arrow::float32(), "0.5"},
      {arrow::float64(), "0.5"},
      {arrow::decimal32(9, 2), "\"-0.50\""},
      {arrow::decimal64(18, 2), "\"-0.50\""},
      {arrow::decimal128(38, 2), "\"-0.50\""},
      {arrow::decimal256(76, 2), "\"-0.50\""},
      {arrow::utf8(), "\"a\""},
      {arrow::large_utf8(), "\"a\""},
      {arrow::utf8_view(), "\"a\""},
      {arrow::binary(), "\"hi\""},
      {arrow::large_binary(), "\"hi\""},
      {arrow::binary_view(), "\"hi\""},
      {arrow::fixed_size_binary(2), "\"hi\""},
      {arrow::date32(), "1"},
      {arrow::date64(), "86400000"},
      {arrow::time32(TimeUnit::SECOND), "7"},
      {arrow::time32(TimeUnit::MILLI), "7"},
      {arrow::time64(TimeUnit::MICRO), "7"},
      {arrow::time64(TimeUnit::NANO), "7000"},
      {arrow::timestamp(TimeUnit::SECOND), "7"},
      {arrow::timestamp(TimeUnit::MILLI), "7"},
      {arrow::timestamp(TimeUnit::MICRO), "7"},
      {arrow::timestamp(TimeUnit::NANO), "7"},
      {arrow::timestamp(TimeUnit::MICRO, "UTC"), "7"},
      {arrow::timestamp(TimeUnit::MICRO, "Europe/Paris"), "7"},
      {arrow::duration(TimeUnit::MILLI), "7"},
      {arrow::month_interval(), "7"},
      {arrow::day_time_interval(), "[1,7]"},
      {arrow::month_day_nano_interval(), "[1,7,7]"},
      {arrow::list(kInt), "[7,null]"},
      {arrow::large_list(kInt), "[7,null]"},
      {arrow::fixed_size_list(kInt, 2), "[7,null]"},
      {arrow::list_view(kInt), "[7,null]"},
      {arrow::large_list_view(kInt), "[7,null]"},
      {arrow::struct_(kFields), R"({"a":7})"},
      {arrow::map(arrow::utf8(), kInt), R"([["a",7]])"},
      {arrow::map(kInt, kInt), "[[1,7]]"},
      {arrow::dictionary(arrow::int8(), arrow::utf8()), "\"a\""},
      {arrow::extension::uuid(), "\"0123456789abcdef\""},
      {arrow::sparse_union(kFields), "[0,7]"},
      {arrow::dense_union(kFields), "[0,7]"},
      {arrow::run_end_encoded(arrow::int32(), kInt)},
  };
  return cases;
}

Result<std::shared_ptr<arrow::Array>> array_of(const Case& one) {
  const std::string values = fmt::format("[{}]", one.value);
  if (one.type->id() == arrow::Type::EXTENSION) {
    const auto storage =
        static_cast<const arrow::ExtensionType&>(*one.type).storage_type();
    ARROW_ASSIGN_OR_RAISE(auto array, arrow::json::ArrayFromJSONString(storage, values));
    return arrow::ExtensionType::WrapArray(one.type, array);
  }
  return arrow::json::ArrayFromJSONString(one.type, values);
}

// A row of nothing, for what Arrow's JSON cannot say.
Result<std::shared_ptr<arrow::Array>> value_of(const Case& one) {
  if (one.value) return array_of(one);
  return arrow::MakeEmptyArray(one.type);
}

std::string text_of_types(const arrow::DataType& type) {
  std::string text = type.ToString();
  for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) {
    text.insert(at, 1, '\\');
  }
  return text;
}

// What became of a column: "exact", "as TYPE" or "refused".
std::string fate_of(const Format& format, const Case& one) {
  const auto schema = arrow::schema({arrow::field("x", one.type)});
  const auto array = value_of(one);
  EXPECT_TRUE(array.ok()) << one.type->ToString() << array.status();
  const auto rows = arrow::RecordBatch::Make(schema, (*array)->length(), {*array});
  const auto bytes = written(format, {rows}, values_of(format, {}));
  if (!bytes.ok()) {
    EXPECT_EQ(kind_of(bytes.status()), ErrorKind::kSchemaMismatch)
        << format.name << " " << bytes.status();
    EXPECT_NE(bytes.status().message().find("'x'"), std::string::npos)
        << format.name << " does not name the column: " << bytes.status();
    const auto nowhere = arrow::io::BufferOutputStream::Create().ValueOrDie();
    EXPECT_FALSE(format.make_encoder(nowhere, schema, values_of(format, {})).ok())
        << format.name << " refuses the row, not the column: " << bytes.status();
    return "refused";
  }
  // Of text the reader is told what it is.
  const auto told = format.has_types ? nullptr : schema;
  const auto table = read(format, *bytes, {.schema = told});
  if (!table.ok()) return format.has_types ? "not read back" : "written only";
  const auto& column = (*table)->column(0);
  const auto expected = arrow::ChunkedArray::Make({*array}).ValueOrDie();
  if (column->type()->Equals(*one.type)) {
    EXPECT_TRUE(column->Equals(expected)) << format.name << " " << one.type->ToString();
    return "exact";
  }
  const auto back = arrow::compute::Cast(arrow::Datum(column), one.type);
  if (back.ok()) {
    EXPECT_TRUE(back->chunked_array()->Equals(expected))
        << format.name << " " << one.type->ToString();
  }
  return "as " + text_of_types(*column->type());
}

// Those that take any columns: a message's are those of its descriptor, and text has one.
std::vector<const Format*> formats_of_columns() {
  std::vector<const Format*> formats;
  for (const Format* format : all_formats()) {
    if (!format->takes_schema_file && !format->is_asked_for) formats.push_back(format);
  }
  return formats;
}

std::string table() {
  std::string text = "| Arrow |";
  std::string line = "|---|";
  for (const Format* format : formats_of_columns()) {
    text += fmt::format(" {} |", format->name);
    line += "---|";
  }
  text += "\n" + line + "\n";
  for (const Case& one : cases()) {
    text += fmt::format("| {} |", text_of_types(*one.type));
    for (const Format* format : formats_of_columns()) {
      text += fmt::format(" {} |", fate_of(*format, one));
    }
    text += "\n";
  }
  return text;
}

TEST(TypeTable, HasEveryTypeOfArrow) {
  std::set<int> ids;
  for (const Case& one : cases()) ids.insert(one.type->id());
  for (int id = 0; id < arrow::Type::MAX_ID; ++id) {
    EXPECT_TRUE(ids.contains(id)) << arrow::internal::ToString(arrow::Type::type(id));
  }
}

TEST(TypeTable, IsOnItsPage) {
  const std::string path =
      std::string(std::getenv("VELO_SOURCE_DIR")) + "/docs/guide/formats/types.md";
  constexpr std::string_view kBegin = "<!-- types: made by the test -->\n";
  constexpr std::string_view kEnd = "<!-- types: end -->\n";
  std::ifstream file(path);
  std::string page(std::istreambuf_iterator<char>(file), {});
  const size_t begin = page.find(kBegin);
  const size_t end = page.find(kEnd);
  ASSERT_TRUE(begin != std::string::npos && end != std::string::npos) << path;
  const std::string found =
      page.substr(begin + kBegin.size(), end - begin - kBegin.size());
  const std::string expected = table();
  if (std::getenv("VELO_UPDATE_DOCS") != nullptr) {
    page.replace(begin + kBegin.size(), found.size(), expected);
    std::ofstream(path) << page;
    return;
  }
  EXPECT_EQ(found, expected) << "VELO_UPDATE_DOCS=1 writes it anew";
}

}  // namespace
}  // namespace velo::formats
