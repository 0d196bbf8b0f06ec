// The table of types in README.md: what it says is what is written, and no type of Arrow
// is missing.

#include <arrow/extension/uuid.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "velo/formats/json/decode_for_test.h"

namespace velo::formats::json {
namespace {

using arrow::TimeUnit;

/// One row of the table. All of its types write `written`, or none can be written.
struct Row {
  struct Case {
    std::shared_ptr<arrow::DataType> type;
    const char* value = nullptr;  // as Arrow's JSON
  };

  const char* json;
  const char* written;  // nullptr: refused
  std::vector<Case> cases;

  std::string text() const {
    std::string types;
    for (const Case& one : cases) {
      if (!types.empty()) types += ", ";
      types += one.type->ToString();
    }
    return fmt::format("| {} | {} | {} |\n", types, json,
                       written ? fmt::format("`{}`", written) : "refused");
  }
};

const std::vector<Row>& rows() {
  static const auto kInt = arrow::int64();
  static const arrow::FieldVector kFields = {arrow::field("a", kInt)};
  static const std::vector<Row> rows = {
      {"null", "null", {{arrow::null(), "null"}}},
      {"bool", "true", {{arrow::boolean(), "true"}}},
      {"number without a point",
       "7",
       {{arrow::int8(), "7"},
        {arrow::int16(), "7"},
        {arrow::int32(), "7"},
        {arrow::int64(), "7"},
        {arrow::uint8(), "7"},
        {arrow::uint16(), "7"},
        {arrow::uint32(), "7"},
        {arrow::uint64(), "7"}}},
      {"the shortest number that reads back equal, with a point or an exponent; NaN and "
       "infinities are an error",
       "2.0",
       {{arrow::float16(), "2"}, {arrow::float32(), "2"}, {arrow::float64(), "2"}}},
      {"number with all digits of the scale",
       "-0.50",
       {{arrow::decimal32(9, 2), "\"-0.50\""},
        {arrow::decimal64(18, 2), "\"-0.50\""},
        {arrow::decimal128(38, 2), "\"-0.50\""},
        {arrow::decimal256(76, 2), "\"-0.50\""}}},
      {"text; bytes that are not UTF-8 are an error",
       R"("a\n")",
       {{arrow::utf8(), R"("a\n")"},
        {arrow::large_utf8(), R"("a\n")"},
        {arrow::utf8_view(), R"("a\n")"}}},
      {"base64 text, with padding",
       "\"aGk=\"",
       {{arrow::binary(), "\"hi\""},
        {arrow::large_binary(), "\"hi\""},
        {arrow::binary_view(), "\"hi\""},
        {arrow::fixed_size_binary(2), "\"hi\""}}},
      {"ISO 8601 text, years 0000 to 9999",
       "\"1970-01-02\"",
       {{arrow::date32(), "1"}, {arrow::date64(), "86400000"}}},
      {"ISO 8601 text", "\"00:00:07\"", {{arrow::time32(TimeUnit::SECOND), "7"}}},
      {"the same, with the digits of the unit",
       "\"00:00:00.000007\"",
       {{arrow::time64(TimeUnit::MICRO), "7"}}},
      {"ISO 8601 text",
       "\"1970-01-01T00:00:00.007\"",
       {{arrow::timestamp(TimeUnit::MILLI), "7"}}},
      {"the same, in UTC; the zone's name is not kept",
       "\"1970-01-01T00:00:00.007Z\"",
       {{arrow::timestamp(TimeUnit::MILLI, "Europe/Paris"), "7"}}},
      {"the number of units; the unit is not kept",
       "7",
       {{arrow::duration(TimeUnit::MILLI), "7"}}},
      {"list",
       "[7,null]",
       {{arrow::list(kInt), "[7,null]"},
        {arrow::large_list(kInt), "[7,null]"},
        {arrow::fixed_size_list(kInt, 2), "[7,null]"},
        {arrow::list_view(kInt), "[7,null]"},
        {arrow::large_list_view(kInt), "[7,null]"}}},
      {"object", R"({"a":7})", {{arrow::struct_(kFields), R"({"a":7})"}}},
      {"object; a key that a map has twice is an error",
       R"({"a":7})",
       {{arrow::map(arrow::utf8(), kInt), R"([["a",7]])"},
        {arrow::map(arrow::large_utf8(), kInt), R"([["a",7]])"},
        {arrow::map(arrow::utf8_view(), kInt), R"([["a",7]])"}}},
      {"other maps: list of entries",
       R"([{"key":1,"value":7}])",
       {{arrow::map(kInt, kInt), "[[1,7]]"}}},
      {"the values it stands for",
       "\"a\"",
       {{arrow::dictionary(arrow::int8(), arrow::utf8()), "\"a\""}}},
      {"the values of its storage",
       "\"MDEyMzQ1Njc4OWFiY2RlZg==\"",
       {{arrow::extension::uuid(), "\"0123456789abcdef\""}}},
      {"CAST it in the SELECT",
       nullptr,
       {{arrow::month_interval()},
        {arrow::day_time_interval()},
        {arrow::month_day_nano_interval()},
        {arrow::sparse_union(kFields)},
        {arrow::dense_union(kFields)},
        {arrow::run_end_encoded(arrow::int32(), kInt)}}},
  };
  return rows;
}

Result<std::shared_ptr<arrow::Array>> array_of(const Row::Case& one) {
  const std::string values = fmt::format("[{}]", one.value);
  if (one.type->id() != arrow::Type::EXTENSION) {
    return arrow::json::ArrayFromJSONString(one.type, values);
  }
  const auto storage = static_cast<const arrow::ExtensionType&>(*one.type).storage_type();
  ARROW_ASSIGN_OR_RAISE(auto array, arrow::json::ArrayFromJSONString(storage, values));
  return arrow::ExtensionType::WrapArray(one.type, array);
}

TEST(JsonTypeTable, SaysWhatIsWritten) {
  for (const Row& row : rows()) {
    for (const Row::Case& one : row.cases) {
      SCOPED_TRACE(one.type->ToString());
      const auto schema = arrow::schema({arrow::field("x", one.type)});
      const auto output = arrow::io::BufferOutputStream::Create().ValueOrDie();
      const auto encoder = make_encoder(output, schema);
      ASSERT_EQ(encoder.ok(), row.written != nullptr) << encoder.status().ToString();
      if (!encoder.ok()) {
        EXPECT_EQ(encoder.status().message(),
                  fmt::format("column 'x': JSON cannot hold {}; cast it first",
                              one.type->ToString()));
        continue;
      }
      const auto array = array_of(one);
      ASSERT_TRUE(array.ok()) << array.status().ToString();
      EXPECT_EQ(encode(*arrow::Table::Make(schema, {*array})).ValueOrDie(),
                fmt::format("{{\"x\":{}}}\n", row.written));
    }
  }
}

TEST(JsonTypeTable, HasEveryTypeOfArrow) {
  std::set<int> ids;
  for (const Row& row : rows()) {
    for (const Row::Case& one : row.cases) ids.insert(one.type->id());
  }
  for (int id = 0; id < arrow::Type::MAX_ID; ++id) {
    EXPECT_TRUE(ids.contains(id)) << arrow::internal::ToString(arrow::Type::type(id));
  }
}

TEST(JsonTypeTable, IsInTheReadme) {
  const std::string path =
      std::string(std::getenv("VELO_SOURCE_DIR")) + "/src/velo/formats/json/README.md";
  std::ifstream file(path);
  const std::string readme(std::istreambuf_iterator<char>(file), {});
  std::string table = "| Arrow | JSON | as in |\n|---|---|---|\n";
  for (const Row& row : rows()) table += row.text();
  EXPECT_NE(readme.find(table), std::string::npos) << "README.md should have:\n" << table;
}

}  // namespace
}  // namespace velo::formats::json
