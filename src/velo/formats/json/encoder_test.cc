#include "velo/formats/json/encoder.h"

#include <cmath>
#include <limits>

#include "velo/formats/json/decode_for_test.h"

namespace velo::formats::json {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<arrow::Table> column_of(const std::shared_ptr<arrow::Array>& array) {
  return arrow::Table::Make(arrow::schema({arrow::field("x", array->type())}), {array});
}

// The lines for a column of these values, given as Arrow's JSON.
Result<std::string> encode_values(const std::shared_ptr<arrow::DataType>& type,
                                  const std::string& values) {
  ARROW_ASSIGN_OR_RAISE(auto array, arrow::json::ArrayFromJSONString(type, values));
  return encode(*column_of(array));
}

TEST(JsonEncoder, WritesEveryType) {
  struct Case {
    std::shared_ptr<arrow::DataType> type;
    const char* value;
    const char* written;
  };
  const Case cases[] = {
      {arrow::null(), "null", "null"},
      {arrow::boolean(), "true", "true"},
      {arrow::int8(), "-128", "-128"},
      {arrow::uint64(), "18446744073709551615", "18446744073709551615"},
      {arrow::float64(), "5", "5.0"},
      {arrow::float64(), "0.1", "0.1"},
      {arrow::float64(), "1e300", "1e+300"},
      {arrow::float64(), "-0.0", "-0.0"},
      {arrow::float32(), "0.1", "0.1"},
      {arrow::float16(), "1.5", "1.5"},
      {arrow::decimal128(5, 2), "\"-0.05\"", "-0.05"},
      {arrow::decimal128(5, 2), "\"123.40\"", "123.40"},
      {arrow::decimal128(5, 0), "\"-12345\"", "-12345"},
      {arrow::decimal128(38, 2), "\"123456789012345678901234567890123456.78\"",
       "123456789012345678901234567890123456.78"},
      {arrow::decimal256(50, 1), "\"-0.5\"", "-0.5"},
      {arrow::decimal32(9, 3), "\"0.001\"", "0.001"},
      {arrow::utf8(), R"("a\"\\\n\u0001é/")", R"("a\"\\\n\u0001é/")"},
      {arrow::large_utf8(), "\"\"", "\"\""},
      {arrow::utf8_view(), "\"a text longer than twelve bytes\"",
       "\"a text longer than twelve bytes\""},
      {arrow::binary(), "\"hi\"", "\"aGk=\""},
      {arrow::fixed_size_binary(2), "\"hi\"", "\"aGk=\""},
      {arrow::date32(), "0", "\"1970-01-01\""},
      {arrow::date64(), "-86400000", "\"1969-12-31\""},
      {arrow::time32(arrow::TimeUnit::SECOND), "86399", "\"23:59:59\""},
      {arrow::time64(arrow::TimeUnit::NANO), "1", "\"00:00:00.000000001\""},
      {arrow::timestamp(arrow::TimeUnit::MILLI), "-1", "\"1969-12-31T23:59:59.999\""},
      {arrow::timestamp(arrow::TimeUnit::SECOND, "Europe/Paris"), "0",
       "\"1970-01-01T00:00:00Z\""},
      {arrow::duration(arrow::TimeUnit::SECOND), "12", "12"},
      {arrow::list(arrow::int32()), "[1, null, 3]", "[1,null,3]"},
      {arrow::large_list(arrow::utf8()), "[]", "[]"},
      {arrow::fixed_size_list(arrow::int32(), 2), "[1, 2]", "[1,2]"},
      {arrow::struct_(
           {arrow::field("a", arrow::int32()), arrow::field("b", arrow::utf8())}),
       "{\"a\": 1, \"b\": null}", "{\"a\":1,\"b\":null}"},
      {arrow::struct_({}), "{}", "{}"},
      {arrow::map(arrow::utf8(), arrow::int32()), "[[\"k\", 1], [\"l\", null]]",
       "{\"k\":1,\"l\":null}"},
      {arrow::map(arrow::large_utf8(), arrow::int32()), "[[\"k\", 1]]", "{\"k\":1}"},
      {arrow::map(arrow::int32(), arrow::list(arrow::utf8())),
       "[[1, [\"a\"]], [1, null]]",
       "[{\"key\":1,\"value\":[\"a\"]},{\"key\":1,\"value\":null}]"},
      {arrow::list_view(arrow::int32()), "[1, null]", "[1,null]"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.type->ToString() + " " + c.value);
    const auto lines = encode_values(c.type, std::string("[null,") + c.value + "]");
    ASSERT_TRUE(lines.ok()) << lines.status().ToString();
    EXPECT_EQ(*lines, std::string("{\"x\":null}\n{\"x\":") + c.written + "}\n");
    // A slice has its values elsewhere.
    const auto array = arrow::json::ArrayFromJSONString(
        c.type, std::string("[null,null,") + c.value + "]");
    EXPECT_EQ(encode(*column_of((*array)->Slice(2))).ValueOrDie(),
              std::string("{\"x\":") + c.written + "}\n");
  }
}

TEST(JsonEncoder, WritesWhatADictionaryStandsFor) {
  const auto array = arrow::json::DictArrayFromJSONString(
      arrow::dictionary(arrow::int8(), arrow::utf8()), "[1, null, 0]", R"(["a", "b"])");
  EXPECT_EQ(encode(*column_of(*array)).ValueOrDie(),
            "{\"x\":\"b\"}\n{\"x\":null}\n{\"x\":\"a\"}\n");
}

TEST(JsonEncoder, WritesNamesAsStrings) {
  const auto schema = arrow::schema(
      {arrow::field("a\"b", arrow::int32()), arrow::field("\n", arrow::int32())});
  const auto table = arrow::Table::Make(
      schema, {arrow::json::ArrayFromJSONString(arrow::int32(), "[1]").ValueOrDie(),
               arrow::json::ArrayFromJSONString(arrow::int32(), "[2]").ValueOrDie()});
  EXPECT_EQ(encode(*table).ValueOrDie(), "{\"a\\\"b\":1,\"\\n\":2}\n");
}

TEST(JsonEncoder, RefusesWhatJsonCannotSay) {
  const double values[] = {1, std::nan(""), std::numeric_limits<double>::infinity()};
  for (int bad : {1, 2}) {
    arrow::DoubleBuilder builder;
    ASSERT_TRUE(builder.AppendValues({values[0], values[bad]}).ok());
    const auto lines = encode(*column_of(builder.Finish().ValueOrDie()));
    ASSERT_FALSE(lines.ok());
    EXPECT_EQ(kind_of(lines.status()), ErrorKind::kSchemaMismatch);
    EXPECT_EQ(lines.status().message(),
              "row 2: column 'x': JSON has no NaN and no infinity; make it NULL or text "
              "first");
  }
  arrow::StringBuilder text;
  ASSERT_TRUE(text.Append("12345678\xFFz").ok());
  const auto not_text = encode(*column_of(text.Finish().ValueOrDie()));
  ASSERT_FALSE(not_text.ok());
  EXPECT_EQ(not_text.status().message(),
            "row 1: column 'x': the text is not UTF-8, which JSON has to be");

  const auto far_away =
      encode_values(arrow::timestamp(arrow::TimeUnit::SECOND), "[9223372036854775807]");
  ASSERT_FALSE(far_away.ok());
  EXPECT_THAT(far_away.status().message(), HasSubstr("is out of ISO 8601's range"));
  const auto late = encode_values(arrow::time32(arrow::TimeUnit::SECOND), "[86400]");
  EXPECT_FALSE(late.ok());
  const auto twice =
      encode_values(arrow::map(arrow::utf8(), arrow::int8()), "[[[\"k\",1],[\"k\",2]]]");
  ASSERT_FALSE(twice.ok());
  EXPECT_THAT(twice.status().message(), HasSubstr("the map has the key 'k' twice"));
}

TEST(JsonEncoder, RefusesSchemasThatJsonCannotHold) {
  const auto refusal = [](const arrow::FieldVector& fields) {
    const auto output = arrow::io::BufferOutputStream::Create().ValueOrDie();
    const auto encoder = make_encoder(output, arrow::schema(fields));
    EXPECT_FALSE(encoder.ok());
    EXPECT_EQ(kind_of(encoder.status()), ErrorKind::kSchemaMismatch);
    return encoder.status().message();
  };
  EXPECT_EQ(refusal({arrow::field("x", arrow::day_time_interval())}),
            "column 'x': JSON cannot hold day_time_interval; cast it first");
  EXPECT_EQ(refusal({arrow::field(
                "o", arrow::struct_({arrow::field("x", arrow::month_interval())}))}),
            "column 'o': column 'x': JSON cannot hold month_interval; cast it first");
  EXPECT_EQ(refusal({arrow::field("x", arrow::int8()), arrow::field("x", arrow::int8())}),
            "two columns are named 'x'");
  EXPECT_THAT(refusal({arrow::field("\xFF", arrow::int8())}), HasSubstr("is not UTF-8"));
}

TEST(JsonEncoder, KeepsNoRowBackWhenABatchIsDone) {
  const auto output = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto table = column_of(*arrow::json::ArrayFromJSONString(arrow::int8(), "[1]"));
  auto encoder = make_encoder(output, table->schema()).ValueOrDie();
  const auto batch = table->CombineChunksToBatch().ValueOrDie();
  ASSERT_TRUE(encoder->write(*batch).ok());
  EXPECT_EQ(output->Tell().ValueOrDie(), 8);
  ASSERT_TRUE(encoder->finish().ok());
  EXPECT_EQ(output->Finish().ValueOrDie()->ToString(), "{\"x\":1}\n");
}

}  // namespace
}  // namespace velo::formats::json
