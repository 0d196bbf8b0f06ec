// The table of types in README.md: what it says is what is written and read again, and no
// type of Arrow is missing.

#include <arrow/extension/uuid.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "velo/formats/avro/avro_for_test.h"
#include "velo/formats/avro/schema_of_arrow.h"

namespace velo::formats::avro {
namespace {

using arrow::TimeUnit;
using ::testing::HasSubstr;
using velo::testing::IsError;
using velo::testing::IsOk;

struct Row {
  struct Case {
    std::shared_ptr<arrow::DataType> type;
    const char* values = nullptr;  // as Arrow's JSON
  };

  std::vector<Case> cases;
  const char* avro;  // nullptr: refused
  std::shared_ptr<arrow::DataType>
      read;  // nullptr: the same; else what they come back as
  const char* note = "";
  const char* read_values = nullptr;  // where they look different

  std::string text() const {
    std::string types;
    for (const Case& one : cases) {
      if (!types.empty()) types += ", ";
      types += one.type->ToString();
    }
    if (avro == nullptr)
      return fmt::format("| {} | refused | CAST it in the SELECT |\n", types);
    std::string again = read ? read->ToString() : "the same";
    if (note[0] != '\0') again += fmt::format("; {}", note);
    return fmt::format("| {} | {} | {} |\n", types, avro, again);
  }
};

const std::vector<Row>& table_rows() {
  static const auto kInt = arrow::int64();
  static const arrow::FieldVector kFields = {arrow::field("a", kInt)};
  static const char* kInts = "[7, null, 0, -1]";
  static const char* kLists = "[[7, null], null, []]";
  static const auto kList = arrow::list(kInt);
  static const std::vector<Row> rows = {
      {{{arrow::null(), "[null]"}}, "null", nullptr},
      {{{arrow::boolean(), "[true, null, false]"}}, "boolean", nullptr},
      {{{arrow::int8(), "[-128, null, 127]"},
        {arrow::int16(), "[-128, null, 127]"},
        {arrow::uint8(), "[1, null, 127]"},
        {arrow::uint16(), "[1, null, 127]"}},
       "int",
       arrow::int32()},
      {{{arrow::int32(), "[-2147483648, null, 2147483647]"}}, "int", nullptr},
      {{{arrow::int64(), "[-9223372036854775808, null, 9223372036854775807]"}},
       "long",
       nullptr},
      {{{arrow::uint32(), "[0, null, 4294967295]"}}, "long", arrow::int64()},
      {{{arrow::uint64(), "[0, null, 18446744073709551615]"}},
       "bytes, decimal(20, 0)",
       arrow::decimal128(20, 0),
       "",
       R"(["0", null, "18446744073709551615"])"},
      {{{arrow::float16(), "[1.5, null]"}}, "float", arrow::float32()},
      {{{arrow::float32(), "[1.5, null, 3.4e38]"}}, "float", nullptr},
      {{{arrow::float64(), "[1.5, null, 1e-300]"}}, "double", nullptr},
      {{{arrow::decimal32(9, 2), R"(["-0.50", null, "9999999.99"])"},
        {arrow::decimal64(9, 2), R"(["-0.50", null, "9999999.99"])"}},
       "bytes, decimal",
       arrow::decimal128(9, 2),
       "of its digits"},
      {{{arrow::decimal128(38, 2),
         R"(["-0.50", null, "999999999999999999999999999999999999.99"])"}},
       "bytes, decimal",
       nullptr},
      {{{arrow::decimal256(76, 2), R"(["-0.50", null, "12345678901234567890.25"])"}},
       "bytes, decimal",
       nullptr,
       "of 38 digits or fewer as decimal128"},
      {{{arrow::utf8(), R"(["", null, "naïve ☃"])"}}, "string", nullptr},
      {{{arrow::large_utf8(), R"(["", null, "naïve ☃"])"},
        {arrow::utf8_view(), R"(["", null, "naïve ☃"])"}},
       "string",
       arrow::utf8()},
      {{{arrow::binary(), R"(["", null, "hi"])"}}, "bytes", nullptr},
      {{{arrow::large_binary(), R"(["", null, "hi"])"},
        {arrow::binary_view(), R"(["", null, "hi"])"}},
       "bytes",
       arrow::binary()},
      {{{arrow::fixed_size_binary(2), R"(["hi", null])"}}, "fixed", nullptr},
      {{{arrow::date32(), kInts}}, "int, date", nullptr},
      {{{arrow::date64(), "[86400000, null, -86400000]"}},
       "int, date",
       arrow::date32(),
       "a value that is no whole day is an error",
       "[1, null, -1]"},
      {{{arrow::time32(TimeUnit::SECOND), "[7, null]"}},
       "int, time-millis",
       arrow::time32(TimeUnit::MILLI),
       "",
       "[7000, null]"},
      {{{arrow::time32(TimeUnit::MILLI), "[7, null]"}}, "int, time-millis", nullptr},
      {{{arrow::time64(TimeUnit::MICRO), "[7, null]"}}, "long, time-micros", nullptr},
      {{{arrow::time64(TimeUnit::NANO), "[7000, null]"}},
       "long, time-micros",
       arrow::time64(TimeUnit::MICRO),
       "a value that is no whole microsecond is an error",
       "[7, null]"},
      {{{arrow::timestamp(TimeUnit::SECOND), "[7, null]"}},
       "long, local-timestamp-millis",
       arrow::timestamp(TimeUnit::MILLI),
       "",
       "[7000, null]"},
      {{{arrow::timestamp(TimeUnit::MILLI), kInts}},
       "long, local-timestamp-millis",
       nullptr},
      {{{arrow::timestamp(TimeUnit::MICRO), kInts}},
       "long, local-timestamp-micros",
       nullptr},
      {{{arrow::timestamp(TimeUnit::NANO), kInts}},
       "long, local-timestamp-nanos",
       nullptr},
      {{{arrow::timestamp(TimeUnit::SECOND, "UTC"), "[7, null]"}},
       "long, timestamp-millis",
       arrow::timestamp(TimeUnit::MILLI, "UTC"),
       "",
       "[7000, null]"},
      {{{arrow::timestamp(TimeUnit::MILLI, "UTC"), kInts}},
       "long, timestamp-millis",
       nullptr},
      {{{arrow::timestamp(TimeUnit::MICRO, "Europe/Paris"), kInts}},
       "long, timestamp-micros",
       arrow::timestamp(TimeUnit::MICRO, "UTC"),
       "the zone's name is not kept"},
      {{{arrow::timestamp(TimeUnit::NANO, "UTC"), kInts}},
       "long, timestamp-nanos",
       nullptr},
      {{{kList, kLists}}, "array", nullptr},
      {{{arrow::large_list(kInt), kLists},
        {arrow::list_view(kInt), kLists},
        {arrow::large_list_view(kInt), kLists}},
       "array",
       kList},
      {{{arrow::fixed_size_list(kInt, 2), "[[7, null], null, [1, 2]]"}},
       "array",
       kList,
       "the length is not kept"},
      {{{arrow::struct_(kFields), R"([{"a": 7}, null, {"a": null}])"}},
       "record",
       nullptr},
      {{{arrow::map(arrow::utf8(), kInt), R"([[["a", 7]], null, []])"}}, "map", nullptr},
      {{{arrow::map(arrow::large_utf8(), kInt), R"([[["a", 7]], null, []])"},
        {arrow::map(arrow::utf8_view(), kInt), R"([[["a", 7]], null, []])"}},
       "map",
       arrow::map(arrow::utf8(), kInt),
       "a key that a map has twice is an error"},
      {{{arrow::map(kInt, kInt), "[[[1, 7]], null, []]"}},
       "array of records with key and value",
       arrow::list(arrow::field("item",
                                arrow::struct_({arrow::field("key", kInt, false),
                                                arrow::field("value", kInt)}),
                                false)),
       "",
       R"([[{"key": 1, "value": 7}], null, []])"},
      {{{arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["a", null, "b", "a"])"}},
       "as its values",
       arrow::utf8()},
      {{{arrow::extension::uuid(), R"(["0123456789abcdef", null])"}},
       "as its storage: fixed",
       arrow::fixed_size_binary(16)},
      {{{arrow::duration(TimeUnit::MILLI)},
        {arrow::month_interval()},
        {arrow::day_time_interval()},
        {arrow::month_day_nano_interval()},
        {arrow::sparse_union(kFields)},
        {arrow::dense_union(kFields)},
        {arrow::run_end_encoded(arrow::int32(), kInt)}},
       nullptr,
       nullptr},
  };
  return rows;
}

Result<std::shared_ptr<arrow::Array>> array_of(const Row::Case& one) {
  if (one.type->id() != arrow::Type::EXTENSION) {
    return arrow::json::ArrayFromJSONString(one.type, one.values);
  }
  const auto storage = static_cast<const arrow::ExtensionType&>(*one.type).storage_type();
  ARROW_ASSIGN_OR_RAISE(auto array,
                        arrow::json::ArrayFromJSONString(storage, one.values));
  return arrow::ExtensionType::WrapArray(one.type, array);
}

TEST(AvroTypeTable, SaysWhatIsWrittenAndReadAgain) {
  for (const Row& row : table_rows()) {
    for (const Row::Case& one : row.cases) {
      SCOPED_TRACE(one.type->ToString());
      const auto schema = arrow::schema({arrow::field("x", one.type)});
      if (row.avro == nullptr) {
        EXPECT_THAT(schema_of_arrow(*schema, TypeNames::kOwn),
                    IsError(ErrorKind::kSchemaMismatch,
                            fmt::format("column 'x': Avro cannot hold {}; cast it first",
                                        one.type->ToString())));
        continue;
      }
      const auto array = array_of(one);
      ASSERT_THAT(array, IsOk());
      const auto file = encode(*arrow::Table::Make(schema, {*array}));
      ASSERT_THAT(file, IsOk());
      const auto again = decode(*file);
      ASSERT_THAT(again, IsOk());
      const auto type = row.read ? row.read : one.type;
      EXPECT_EQ((*again)->field(0)->type()->ToString(), type->ToString());
      const auto expected = arrow::json::ArrayFromJSONString(
          type, row.read_values ? row.read_values : one.values);
      ASSERT_THAT(expected, IsOk());
      EXPECT_TRUE((*again)->column(0)->chunk(0)->Equals(**expected))
          << (*again)->ToString();
      // Slices, too.
      const auto slice = arrow::Table::Make(schema, {(*array)->Slice(1)});
      EXPECT_TRUE(decode(encode(*slice).ValueOrDie())
                      .ValueOrDie()
                      ->column(0)
                      ->Equals(arrow::ChunkedArray({(*expected)->Slice(1)}, type)));
    }
  }
}

TEST(AvroTypeTable, HasEveryTypeOfArrow) {
  std::set<int> ids;
  for (const Row& row : table_rows()) {
    for (const Row::Case& one : row.cases) ids.insert(one.type->id());
  }
  for (int id = 0; id < arrow::Type::MAX_ID; ++id) {
    EXPECT_TRUE(ids.contains(id)) << arrow::internal::ToString(arrow::Type::type(id));
  }
}

TEST(AvroTypeTable, IsInTheReadme) {
  const std::string path =
      std::string(std::getenv("VELO_SOURCE_DIR")) + "/src/velo/formats/avro/README.md";
  std::ifstream file(path);
  const std::string readme(std::istreambuf_iterator<char>(file), {});
  std::string table = "| Arrow | Avro | read again |\n|---|---|---|\n";
  for (const Row& row : table_rows()) table += row.text();
  EXPECT_NE(readme.find(table), std::string::npos) << "README.md should have:\n" << table;
}

TEST(AvroEncoder, WritesNullOnlyWhereItMayBe) {
  const auto schema = arrow::schema(
      {arrow::field("a", arrow::int64(), false), arrow::field("b", arrow::int64())});
  const auto table = arrow::Table::Make(
      schema, {arrow::json::ArrayFromJSONString(arrow::int64(), "[1, null]").ValueOrDie(),
               arrow::json::ArrayFromJSONString(arrow::int64(), "[1, 2]").ValueOrDie()});
  EXPECT_THAT(
      encode(*table),
      IsError(ErrorKind::kSchemaMismatch,
              "row 2: column 'a': it is NULL, and the column is said to have none"));
  const auto good = encode(*table->Slice(0, 1));
  ASSERT_THAT(good, IsOk());
  EXPECT_TRUE((*decode(*good))->schema()->Equals(*schema));
}

// What is in a column, and a column that is called as it would be.
TEST(AvroEncoder, EachTypeHasANameOfItsOwn) {
  const auto one = arrow::struct_({arrow::field("x", arrow::int64())});
  const auto other = arrow::struct_({arrow::field("y", arrow::utf8())});
  const auto schema = arrow::schema(
      {arrow::field("a_item", one), arrow::field("a", arrow::list(other)),
       arrow::field("a_item_2", arrow::fixed_size_binary(2)), arrow::field("b_c_d", one),
       arrow::field("b", arrow::struct_({arrow::field("c_d", other)})),
       arrow::field("m_value", other), arrow::field("m", arrow::map(arrow::utf8(), one)),
       arrow::field("m_entry", arrow::map(arrow::int64(), other))});
  const auto table = table_of(schema, R"([{
    "a_item": {"x": 1}, "a": [{"y": "text"}], "a_item_2": "hi", "b_c_d": {"x": 2},
    "b": {"c_d": {"y": "more"}}, "m_value": {"y": "v"}, "m": [["k", {"x": 3}]],
    "m_entry": [[4, {"y": "e"}]]}])");
  const auto again = decode(encode(*table).ValueOrDie());
  ASSERT_THAT(again, IsOk());
  for (int i = 0; i < table->num_columns() - 1; ++i) {
    EXPECT_TRUE((*again)->column(i)->Equals(table->column(i)))
        << table->field(i)->name() << ": " << (*again)->column(i)->ToString();
  }
}

TEST(AvroEncoder, NamesWhatItCannotWrite) {
  const auto error_of = [](const std::shared_ptr<arrow::Field>& field,
                           const char* values) {
    const auto array = arrow::json::ArrayFromJSONString(field->type(), values);
    return encode(*arrow::Table::Make(arrow::schema({field}), {*array})).status();
  };
  EXPECT_THAT(error_of(arrow::field("unit price", arrow::int64()), "[1]"),
              IsError(ErrorKind::kSchemaMismatch,
                      "column 'unit price': Avro's names are of letters, digits and _; "
                      "name it otherwise with AS in a SELECT"));
  EXPECT_THAT(
      error_of(arrow::field("t", arrow::time64(TimeUnit::NANO)), "[1, 1001]"),
      IsError(ErrorKind::kSchemaMismatch, HasSubstr("row 1: column 't': 1 has no")));
  // DuckDB and PostgreSQL have 24:00, which is no time of day to who reads Avro.
  EXPECT_THAT(error_of(arrow::field("t", arrow::time64(TimeUnit::MICRO)),
                       "[86399999999, 86400000000]"),
              IsError(ErrorKind::kSchemaMismatch,
                      "row 2: column 't': 86400000000 is no time of day; cast it first"));
  EXPECT_THAT(error_of(arrow::field("t", arrow::time32(TimeUnit::SECOND)), "[-1]"),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("-1 is no time of day")));
  EXPECT_THAT(error_of(arrow::field("t", arrow::timestamp(TimeUnit::SECOND)),
                       "[9223372036854775807]"),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("has no place")));
  EXPECT_THAT(error_of(arrow::field("d", arrow::decimal128(5, -2)), "[]"),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("-2 digits behind")));
  EXPECT_THAT(error_of(arrow::field("m", arrow::map(arrow::utf8(), arrow::int64())),
                       R"([[["a", 1], ["a", 2]]])"),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("has the key 'a' twice")));
  arrow::StringBuilder text;
  ASSERT_TRUE(text.Append("\xFF").ok());
  const auto bad = arrow::Table::Make(arrow::schema({arrow::field("s", arrow::utf8())}),
                                      {*text.Finish()});
  EXPECT_THAT(encode(*bad),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("byte 0xff is not UTF-8")));
  const auto twice = arrow::schema(
      {arrow::field("a", arrow::int64()), arrow::field("a", arrow::utf8())});
  EXPECT_THAT(
      schema_of_arrow(*twice, TypeNames::kOwn),
      IsError(ErrorKind::kSchemaMismatch, HasSubstr("two columns are named 'a'")));
}

}  // namespace
}  // namespace velo::formats::avro
