#include "velo/formats/json/inference.h"

#include "velo/formats/json/decode_for_test.h"

namespace velo::formats::json {
namespace {

using ::testing::HasSubstr;

std::string type_of(const std::vector<std::string>& values) {
  std::string lines;
  for (const std::string& value : values) lines += "{\"x\": " + value + "}\n";
  const auto table = decode(lines);
  return table.ok() ? (*table)->schema()->field(0)->type()->ToString()
                    : table.status().ToString();
}

TEST(Inference, PicksTheNarrowestTypeThatLosesNothing) {
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{"null"}, "string"},
      {{"null", "null"}, "string"},
      {{"true", "null", "false"}, "bool"},
      {{"1"}, "int64"},
      {{"-0"}, "int64"},
      {{"9223372036854775807", "-9223372036854775808"}, "int64"},
      {{"9223372036854775808"}, "uint64"},
      {{"18446744073709551615", "0"}, "uint64"},
      {{"9223372036854775808", "-1"}, "decimal128(38, 0)"},
      {{"18446744073709551616"}, "decimal128(38, 0)"},
      {{"-99999999999999999999999999999999999999"}, "decimal128(38, 0)"},
      {{"100000000000000000000000000000000000000"}, "string"},
      {{"1.5"}, "double"},
      {{"1e3"}, "double"},
      {{"1", "1.5"}, "double"},
      {{"9007199254740992", "1.5"}, "double"},
      {{"9007199254740993", "1.5"}, "decimal128(38, 1)"},
      {{"0.30000000000000004"}, "double"},
      {{"0.10000000000000001"}, "double"},
      {{"5e-324"}, "double"},
      {{"1e-400"}, "string"},
      {{"0.123456789012345678"}, "decimal128(38, 18)"},
      {{"1700000000.1234568", "-1"}, "decimal128(38, 7)"},
      {{"1.123456789012345678e3", "12e1"}, "decimal128(38, 15)"},
      {{"0.123456789012345678", "12345678901234567890.5"}, "decimal128(38, 18)"},
      {{"0.123456789012345678", "123456789012345678901.5"}, "string"},
      {{"1e999"}, "string"},
      {{"\"a\""}, "string"},
      {{"\"2026-01-31T12:00:00Z\""}, "string"},
      {{"1", "\"a\""}, "string"},
      {{"true", "1"}, "string"},
      {{"{}"}, "string"},
      {{"{\"a\": 1}", "null"}, "struct<a: int64>"},
      {{"{\"a\": 1}", "{\"b\": \"x\"}"}, "struct<a: int64, b: string>"},
      {{"{\"a\": {\"b\": [1.5]}}"}, "struct<a: struct<b: list<item: double>>>"},
      {{"[]"}, "list<item: string>"},
      {{"[1, 2]", "[null, 3]"}, "list<item: int64>"},
      {{"[1, \"a\"]"}, "list<item: string>"},
      {{"[[1], [2.5]]"}, "list<item: list<item: double>>"},
      {{"{\"a\": 1}", "[1]"}, "string"},
      {{"{\"a\": 1}", "\"a\""}, "string"},
  };
  for (const auto& [values, type] : cases) {
    EXPECT_EQ(type_of(values), type) << ::testing::PrintToString(values);
  }
}

std::string lines_of(int count, const std::string& value) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += "{\"x\": " + value + "}\n";
  return lines;
}

TEST(Inference, TakesTheOddOneForAFaultNotForAMixture) {
  const auto fault =
      decode(lines_of(730, "10") + lines_of(1, "\"seven\"") + lines_of(200, "1"));
  ASSERT_FALSE(fault.ok());
  EXPECT_EQ(kind_of(fault.status()), ErrorKind::kSchemaMismatch);
  EXPECT_EQ(
      fault.status().message(),
      "data.ndjson: line 731, byte 7306: column 'x' is int64, found \"seven\" (text); "
      "give schema= or fix the line");
  EXPECT_FALSE(decode(lines_of(9, "1.5") + lines_of(1, "\"\"")).ok());
  EXPECT_FALSE(decode(lines_of(9, "{\"a\": 1}") + lines_of(1, "1")).ok());
  EXPECT_FALSE(decode(lines_of(9, "true") + lines_of(1, "1")).ok());
  EXPECT_TRUE(decode(lines_of(8, "1.5") + lines_of(1, "\"\"")).ok()) << "a mixture";
  EXPECT_TRUE(decode(lines_of(9, "\"a\"") + lines_of(1, "1")).ok()) << "text holds all";
}

TEST(Inference, NamesTheLaterNumberThatWouldLoseDigits) {
  DecoderLimits limits = tiny_blocks();
  limits.sample_records = 1;
  const auto message = [&](const std::string& first, const std::string& later) {
    const auto table = decode(lines_of(1, first) + lines_of(1, later), {}, limits);
    EXPECT_EQ(kind_of(table.status()), ErrorKind::kSchemaMismatch);
    return table.status().message();
  };
  EXPECT_EQ(message("0.5", "1700000000.1234568"),
            "data.ndjson: line 2, byte 17: column 'x' is double, found "
            "1700000000.1234568 (number), which it cannot hold exactly; give schema= or "
            "fix the line");
  EXPECT_THAT(message("0.5", "8999999999.999999"), HasSubstr("cannot hold exactly"));
  EXPECT_THAT(message("0.5", "0.123456789012345678"), HasSubstr("cannot hold exactly"));
  EXPECT_THAT(message("0.5", "1e-400"), HasSubstr("is out of range"));
  EXPECT_THAT(message("[0.5]", "[1, 8999999999.999999]"),
              HasSubstr("column 'x[]' is double"));
  EXPECT_THAT(message("0.123456789012345678", "0.1234567890123456789"),
              HasSubstr("is decimal128(38, 18), found 0.1234567890123456789 (number), "
                        "which it cannot hold exactly"));
  for (const char* kept : {"0.30000000000000004", "0.10000000000000001", "-5e-324",
                           "9007199254740992", "1700000000.123456", "1e22"}) {
    EXPECT_TRUE(decode(lines_of(1, "0.5") + lines_of(1, kept), {}, limits).ok()) << kept;
  }
}

TEST(Inference, ADoubleThatWasAskedForTakesTheNearestValue) {
  const auto table = decode(lines_of(1, "1700000000.1234568"),
                            with_schema({arrow::field("x", arrow::float64())}));
  ASSERT_TRUE(table.ok()) << table.status().ToString();
  DecodeOptions options = with_schema({arrow::field("x", arrow::float64())});
  options.is_inferred = true;
  EXPECT_FALSE(decode(lines_of(1, "1700000000.1234568"), options).ok());
}

TEST(Inference, ASchemaInferredFromAnotherFileRefusesFieldsItDoesNotHave) {
  DecodeOptions options = with_schema({arrow::field("x", arrow::int64())});
  options.is_inferred = true;
  const auto table = decode("{\"x\": 1, \"y\": 2}\n", options);
  EXPECT_THAT(table.status().message(),
              HasSubstr("field 'y' is not among those of the first records"));
}

TEST(Inference, KeepsTheOrderOfFirstAppearance) {
  const auto table =
      decode("{\"b\": 1}\n{\"a\": 1, \"b\": 2, \"c\": 3}\n{\"d\": 1, \"a\": 2}\n");
  ASSERT_TRUE(table.ok()) << table.status().ToString();
  EXPECT_THAT((*table)->schema()->field_names(),
              ::testing::ElementsAre("b", "a", "c", "d"));
}

TEST(Inference, TextHoldsValuesOfManyKindsAsTheyAreWritten) {
  const auto table = decode(
      "{\"x\": \"a\\nb\"}\n{\"x\": 1.50}\n{\"x\": [1,  2 ] }\n{\"x\": {\"y\" : null}}\n"
      "{\"x\": true}\n{\"x\": null}\n{}\n");
  ASSERT_TRUE(table.ok()) << table.status().ToString();
  const auto expected = arrow::json::ArrayFromJSONString(
      arrow::utf8(),
      R"(["a\nb", "1.50", "[1,  2 ]", "{\"y\" : null}", "true", null, null])");
  EXPECT_TRUE((*table)->column(0)->chunk(0)->Equals(*expected))
      << (*table)->column(0)->ToString();
}

TEST(Inference, LooksAtAThousandRecordsWhateverTheBlocks) {
  std::string lines;
  for (int i = 0; i < 999; ++i) lines += "{\"x\": 1}\n";
  const auto inside = decode(lines + "{\"x\": 1.5}\n", {}, tiny_blocks());
  ASSERT_TRUE(inside.ok()) << inside.status().ToString();
  EXPECT_EQ((*inside)->schema()->field(0)->type()->ToString(), "double");
  EXPECT_EQ((*inside)->num_rows(), 1000);

  const auto beyond =
      decode(lines + "{\"x\": 1}\n{\"x\": 1}\n{\"x\": 1.5}\n", {}, tiny_blocks());
  ASSERT_FALSE(beyond.ok());
  EXPECT_EQ(beyond.status().message(),
            "data.ndjson: line 1002, byte 9015: column 'x' is int64, found 1.5 (number); "
            "give schema= or fix the line");
}

TEST(Inference, StopsAtSoManyBytes) {
  DecoderLimits limits = tiny_blocks(64);
  limits.sample_bytes = 200;
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "{\"x\": 1}\n";
  EXPECT_TRUE(decode(lines, {}, limits).ok());
  EXPECT_FALSE(decode(lines + "{\"x\": \"a\"}\n", {}, limits).ok());
}

}  // namespace
}  // namespace velo::formats::json
