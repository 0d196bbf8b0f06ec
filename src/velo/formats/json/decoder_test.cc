#include "velo/formats/json/decoder.h"

#include <fmt/format.h>

#include "velo/formats/json/decode_for_test.h"

namespace velo::formats::json {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const char kThree[] = R"([{"a":1,"b":"x"},{"a":2,"b":"y"},{"a":3,"b":"}"}])";

std::shared_ptr<arrow::Table> three() {
  return table_of(arrow::schema({arrow::field("a", arrow::int64()),
                                 arrow::field("b", arrow::utf8())}),
                  kThree);
}

TEST(JsonDecoder, NamesAnEntryWithoutKey) {
  const auto map = arrow::map(arrow::int64(), arrow::int64());
  for (const char* entry : {R"({"value": 1})", R"({"key": null, "value": 1})", "{}"}) {
    const auto array = decode_value(std::string(R"([{"key": 1}, )") + entry + "]", map);
    EXPECT_EQ(kind_of(array.status()), ErrorKind::kSchemaMismatch);
    EXPECT_THAT(array.status().message(), HasSubstr("line 1, byte 19: column 'x[]' is"));
    EXPECT_THAT(array.status().message(), HasSubstr("found an object, which has no key"));
  }
  EXPECT_THAT(decode_value("[1]", map).status().message(),
              HasSubstr("column 'x[]' is struct<key: int64 not null, value: int64>"));
}

TEST(JsonDecoder, ReadsEveryLayoutOfRecords) {
  const std::string layouts[] = {
      "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"y\"}\n{\"a\":3,\"b\":\"}\"}\n",
      "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"y\"}\n{\"a\":3,\"b\":\"}\"}",
      "{\"a\":1,\"b\":\"x\"}\r\n\r\n{\"a\":2,\"b\":\"y\"}\r\n  "
      "\r\n{\"a\":3,\"b\":\"}\"}\r\n",
      "\xEF\xBB\xBF\n\n{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"y\"}\n{\"a\":3,\"b\":\"}"
      "\"}\n\n",
      "{\"a\":1,\"b\":\"x\"}{\"a\":2,\"b\":\"y\"}{\"a\":3,\"b\":\"}\"}",
      "{\"a\":1,\"b\":\"x\"} {\"a\":2,\"b\":\"y\"}\n{\"a\":3,\"b\":\"}\"}\n",
      "{\n  \"a\": 1,\n  \"b\": \"x\"\n}\n{\n  \"a\": 2,\n  \"b\": \"y\"\n}\n"
      "{\n  \"a\": 3,\n  \"b\": \"}\"\n}\n",
      // The first line is a record, the others are not.
      "{\"a\":1,\"b\":\"x\"}\n{\n  \"a\": 2,\n  \"b\": "
      "\"y\"\n}\n{\"a\":3,\n\"b\":\"}\"}\n",
      kThree,
      "\n [ {\"a\":1,\"b\":\"x\"} ,\n{\"a\":2,\"b\":\"y\"}\n,{\"a\":3,\"b\":\"}\"}\n]\n",
      "[\n  {\n    \"a\": 1,\n    \"b\": \"x\"\n  },\n  {\n    \"a\": 2,\n    \"b\": "
      "\"y\"\n  },\n"
      "  {\n    \"b\": \"}\",\n    \"a\": 3\n  }\n]",
  };
  for (const std::string& text : layouts) {
    for (int64_t block_bytes = 1; block_bytes < 80; ++block_bytes) {
      const auto table = decode(text, {}, tiny_blocks(block_bytes));
      ASSERT_TRUE(table.ok()) << table.status().ToString() << "\n" << text;
      EXPECT_TRUE((*table)->Equals(*three())) << text << (*table)->ToString();
    }
  }
}

TEST(JsonDecoder, AnEmptyFileHasNoColumns) {
  for (const char* text : {"", "\n", "[]", " [ ]\n", "\xEF\xBB\xBF"}) {
    auto decoder = make_decoder(input_of(text), {}, {}).ValueOrDie();
    EXPECT_EQ(decoder->schema()->num_fields(), 0);
    EXPECT_EQ(decoder->next({}).ValueOrDie(), nullptr);
    EXPECT_EQ(decoder->next({}).ValueOrDie(), nullptr);
  }
}

TEST(JsonDecoder, ARecordWithoutFieldsIsARow) {
  const auto table = decode("{}\n{ }\n[]");
  ASSERT_FALSE(table.ok());
  const auto rows = decode("{}\n{ }\n");
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  EXPECT_EQ((*rows)->num_rows(), 2);
}

TEST(JsonDecoder, FindsFieldsByNameInAnyOrder) {
  const auto table = decode(
      R"({"a":1,"b":2,"c":3}
{"c":3,"b":2,"a":1}
{"b":2}
{}
{"a":null,"\u0062":2,"c":3})",
      {}, tiny_blocks());
  ASSERT_TRUE(table.ok()) << table.status().ToString();
  const auto expected = table_of(
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::int64()),
                     arrow::field("c", arrow::int64())}),
      R"([{"a":1,"b":2,"c":3},{"a":1,"b":2,"c":3},{"a":null,"b":2,"c":null},
          {"a":null,"b":null,"c":null},{"a":null,"b":2,"c":3}])");
  EXPECT_TRUE((*table)->Equals(*expected)) << (*table)->ToString();
}

TEST(JsonDecoder, ReadsNamesOfAnyForm) {
  const auto table = decode(
      R"({"":1,"a name of many bytes":2,"with\"quote":3,"back\\":4,"é":5,"eight_by":6,"seven_b":7}
{"seven_b":7,"eight_by":6,"\u00e9":5,"back\\":4,"with\"quote":3,"a name of many bytes":2,"":1})");
  ASSERT_TRUE(table.ok()) << table.status().ToString();
  EXPECT_THAT((*table)->schema()->field_names(),
              ::testing::ElementsAre("", "a name of many bytes", "with\"quote", "back\\",
                                     "é", "eight_by", "seven_b"));
  for (int i = 0; i < 7; ++i) {
    const auto expected = arrow::json::ArrayFromJSONString(
        arrow::int64(), fmt::format("[{0}, {0}]", i + 1));
    EXPECT_TRUE((*table)->column(i)->chunk(0)->Equals(*expected)) << i;
  }
}

TEST(JsonDecoder, YieldsTheColumnsAskedForInThatOrder) {
  const std::string text = R"({"a":1,"b":{"x":[1,2]},"c":"z"}
{"c":"y","a":2,"b":null}
)";
  DecodeOptions options{.schema = nullptr, .columns = {{"c", "a"}}};
  const auto table = decode(text, options, tiny_blocks());
  ASSERT_TRUE(table.ok()) << table.status().ToString();
  const auto expected = table_of(arrow::schema({arrow::field("c", arrow::utf8()),
                                                arrow::field("a", arrow::int64())}),
                                 R"([{"c":"z","a":1},{"c":"y","a":2}])");
  EXPECT_TRUE((*table)->Equals(*expected)) << (*table)->ToString();

  options.columns = {{"a", "a"}};
  EXPECT_EQ(decode(text, options).ValueOrDie()->num_columns(), 2);
  options.columns.emplace();
  EXPECT_EQ(decode(text, options).ValueOrDie()->num_rows(), 2);
  options.columns = {{"nope"}};
  const auto missing = decode(text, options);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(kind_of(missing.status()), ErrorKind::kInvalidArgument);
  EXPECT_EQ(missing.status().message(),
            "data.ndjson: there is no column 'nope'; there are a, b, c");
}

TEST(JsonDecoder, StepsOverFieldsThatAGivenSchemaDoesNotName) {
  const auto table =
      decode(R"({"x":[{"a":"}"}],"b":1}
{"b":2,"y":null,"x":1.5e3,"z":true}
)",
             with_schema({arrow::field("b", arrow::int32())}), tiny_blocks());
  ASSERT_TRUE(table.ok()) << table.status().ToString();
  const auto expected = table_of(arrow::schema({arrow::field("b", arrow::int32())}),
                                 R"([{"b":1},{"b":2}])");
  EXPECT_TRUE((*table)->Equals(*expected)) << (*table)->ToString();
}

TEST(JsonDecoder, ReadsEscapes) {
  const std::pair<const char*, std::string> cases[] = {
      {R"("")", ""},
      {R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"},
      {R"("\u0041\u00e9\u20ac")", "Aé€"},
      {R"("\ud83d\ude00")", "😀"},
      {R"("\u0000")", std::string(1, '\0')},
      {R"("é€😀")", "é€😀"},
      {R"("1234567\n")", "1234567\n"},
      {R"("12345678\n9")", "12345678\n9"},
      {R"("{[]},:")", "{[]},:"},
  };
  for (const auto& [value, text] : cases) {
    const auto array = decode_value(value, arrow::utf8());
    ASSERT_TRUE(array.ok()) << array.status().ToString();
    EXPECT_EQ(static_cast<const arrow::StringArray&>(**array).GetView(0), text) << value;
    EXPECT_TRUE(decode_value(value, arrow::large_utf8()).ok());
  }
  for (const char* value : {R"("\x")", R"("\u12")", R"("\ud800")", R"("\udc00")",
                            R"("\ud800\u0041")", R"("\u12g4")"}) {
    const auto array = decode_value(value, arrow::utf8());
    ASSERT_FALSE(array.ok()) << value;
    EXPECT_EQ(kind_of(array.status()), ErrorKind::kCorruptData);
    EXPECT_THAT(array.status().message(),
                StartsWith("data.ndjson: line 1, byte 6: the text"));
    EXPECT_FALSE(decode(fmt::format("{{\"x\": {}}}", value)).ok());
    EXPECT_FALSE(decode(fmt::format("{{{}: 1}}", value)).ok());
  }
}

struct ValueCase {
  std::shared_ptr<arrow::DataType> type;
  const char* value;
  const char* expected;  // as Arrow's JSON, or what the error says
};

TEST(JsonDecoder, ReadsValuesOfEveryType) {
  const auto timestamp_ms = arrow::timestamp(arrow::TimeUnit::MILLI);
  const auto timestamp_utc = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  const ValueCase cases[] = {
      {arrow::null(), "null", "null"},
      {arrow::boolean(), "true", "true"},
      {arrow::int8(), "-128", "-128"},
      {arrow::uint8(), "255", "255"},
      {arrow::int16(), "-32768", "-32768"},
      {arrow::uint16(), "65535", "65535"},
      {arrow::int32(), "-2147483648", "-2147483648"},
      {arrow::uint32(), "4294967295", "4294967295"},
      {arrow::int64(), "-9223372036854775808", "-9223372036854775808"},
      {arrow::int64(), "999999999999999999", "999999999999999999"},
      {arrow::uint64(), "18446744073709551615", "18446744073709551615"},
      {arrow::uint64(), "-0", "0"},
      {arrow::float64(), "0.1", "0.1"},
      {arrow::float64(), "-0.0", "-0.0"},
      {arrow::float64(), "123456789012345678", "123456789012345680"},  // see below
      {arrow::float64(), "1.7976931348623157e308", "1.7976931348623157e308"},
      {arrow::float64(), "5e-324", "5e-324"},
      {arrow::float64(), "9007199254740992", "9007199254740992"},
      {arrow::float64(), "1180591620717411303424", "1180591620717411303424"},
      {arrow::float64(), "3.141592653589793238462643", "3.141592653589793"},
      {arrow::float32(), "16777216", "16777216"},
      {arrow::float32(), "0.1", "0.1"},
      {arrow::decimal128(5, 2), "123.45", "\"123.45\""},
      {arrow::decimal128(5, 2), "-0.1", "\"-0.10\""},
      {arrow::decimal128(5, 2), "\"1.5\"", "\"1.50\""},
      {arrow::decimal128(5, 2), "1e2", "\"100.00\""},
      {arrow::decimal128(5, 2), "1.500", "\"1.50\""},
      {arrow::decimal32(9, 0), "-999999999", "\"-999999999\""},
      {arrow::decimal64(18, 9), "0.000000001", "\"0.000000001\""},
      {arrow::decimal128(38, 10), "1234567890123456789012345678.0123456789",
       "\"1234567890123456789012345678.0123456789\""},
      {arrow::decimal256(76, 0), "1234567890123456789012345678901234567890123456789",
       "\"1234567890123456789012345678901234567890123456789\""},
      {arrow::date32(), "\"2024-02-29\"", "19782"},
      {arrow::date64(), "\"1970-01-02\"", "86400000"},
      {arrow::time32(arrow::TimeUnit::SECOND), "\"23:59:59\"", "86399"},
      {arrow::time64(arrow::TimeUnit::MICRO), "\"00:00:01.5\"", "1500000"},
      {timestamp_ms, "\"1970-01-01 00:00:01.250\"", "1250"},
      {timestamp_ms, "\"1969-12-31T23:59:59.999000\"", "-1"},
      {timestamp_utc, "\"1970-01-01T02:00:00+02:00\"", "0"},
      {arrow::duration(arrow::TimeUnit::NANO), "12", "12"},
      {arrow::binary(), "\"aGk=\"", "\"hi\""},
      {arrow::large_binary(), "\"\"", "\"\""},
      {arrow::fixed_size_binary(2), "\"aGk=\"", "\"hi\""},
      {arrow::utf8(), "17.50", "\"17.50\""},
      {arrow::list(arrow::int32()), "[1, null]", "[1, null]"},
      {arrow::large_list(arrow::utf8()), "[]", "[]"},
      {arrow::fixed_size_list(arrow::int8(), 2), "[1,2]", "[1,2]"},
      {arrow::map(arrow::utf8(), arrow::int64()), R"({"a\n": 1, "b": null})",
       R"([["a\n", 1], ["b", null]])"},
      {arrow::struct_({arrow::field("a", arrow::int64())}), "{\"a\": 1}", "{\"a\": 1}"},
  };
  for (const ValueCase& c : cases) {
    SCOPED_TRACE(c.type->ToString() + " " + c.value);
    if (std::string_view(c.value) == "123456789012345678") {
      EXPECT_FALSE(decode_value(c.value, c.type).ok());  // no double has this value
      continue;
    }
    // A null before and behind, that every column can hold.
    const auto table =
        decode("{\"x\":null}\n{\"x\":" + std::string(c.value) + "}\n{}\n",
               with_schema({arrow::field("x", c.type)}), tiny_blocks(1000));
    ASSERT_TRUE(table.ok()) << table.status().ToString();
    const auto expected = arrow::json::ArrayFromJSONString(
        c.type, std::string("[null,") + c.expected + ",null]");
    ASSERT_TRUE(expected.ok()) << expected.status().ToString();
    EXPECT_TRUE((*table)->column(0)->chunk(0)->Equals(
        **expected, arrow::EqualOptions::Defaults().signed_zeros_equal(false)))
        << (*table)->column(0)->ToString();
  }
}

TEST(JsonDecoder, RefusesValuesOfAnotherType) {
  const ValueCase cases[] = {
      {arrow::int64(), "\"seven\"", "is int64, found \"seven\" (text)"},
      {arrow::int64(), "\"7\"", "is int64, found \"7\" (text)"},
      {arrow::int64(), "7.0", "is int64, found 7.0 (number)"},
      {arrow::int64(), "1e3", "is int64, found 1e3 (number)"},
      {arrow::int64(), "9223372036854775808",
       "is int64, found 9223372036854775808 (number), which is out of range"},
      {arrow::int8(), "128", "is int8, found 128 (number), which is out of range"},
      {arrow::uint8(), "-1", "is uint8, found -1 (number), which is out of range"},
      {arrow::int64(), "true", "is int64, found true (bool)"},
      {arrow::int64(), "{}", "is int64, found an object"},
      {arrow::int64(), "[1]", "is int64, found a list"},
      {arrow::boolean(), "1", "is bool, found 1 (number)"},
      {arrow::boolean(), "\"true\"", "is bool, found \"true\" (text)"},
      {arrow::float64(), "\"1.5\"", "is double, found \"1.5\" (text)"},
      {arrow::float64(), "1e999",
       "is double, found 1e999 (number), which is out of range"},
      {arrow::float64(), "9007199254740993",
       "is double, found 9007199254740993 (number), which it cannot hold exactly"},
      {arrow::float32(), "16777217",
       "is float, found 16777217 (number), which it cannot hold exactly"},
      {arrow::decimal128(5, 2), "1.555",
       "is decimal128(5, 2), found 1.555 (number), which it cannot hold exactly"},
      {arrow::decimal128(5, 2), "1000",
       "is decimal128(5, 2), found 1000 (number), which is out of range"},
      {arrow::decimal128(38, 0), "340282366920938463463374607431768211457",
       "is decimal128(38, 0), found 340282366920938463463374607431768211457 (number), "
       "which is out of range"},
      {arrow::decimal128(38, 2), "340282366920938463463374607431768211457e-2",
       "is decimal128(38, 2), found 340282366920938463463374607431768211457e… (number), "
       "which is out of range"},
      {arrow::decimal128(5, 2), "\"x\"",
       "is decimal128(5, 2), found \"x\" (text), which is not a decimal"},
      {arrow::decimal128(5, 2), "false", "is decimal128(5, 2), found false (bool)"},
      {arrow::date32(), "\"2023-02-29\"",
       "is date32[day], found \"2023-02-29\" (text), which is not a date (YYYY-MM-DD)"},
      {arrow::date32(), "20230228", "is date32[day], found 20230228 (number)"},
      {arrow::timestamp(arrow::TimeUnit::SECOND), "\"2026-01-01 00:00:00.5\"",
       "is timestamp[s], found \"2026-01-01 00:00:00.5\" (text), which has more digits "
       "behind "
       "the point than the column"},
      {arrow::timestamp(arrow::TimeUnit::SECOND), "1700000000",
       "is timestamp[s], found 1700000000 (number)"},
      {arrow::binary(), "\"a\"", "is binary, found \"a\" (text), which is not base64"},
      {arrow::fixed_size_binary(3), "\"aGk=\"",
       "is fixed_size_binary[3], found \"aGk=\" (text), which is 2 bytes"},
      {arrow::list(arrow::int64()), "1", "is list<item: int64>, found 1 (number)"},
      {arrow::fixed_size_list(arrow::int64(), 2), "[1]",
       "is fixed_size_list<item: int64>[2], found a list, which has 1 elements"},
      {arrow::struct_({arrow::field("a", arrow::int64())}), "[]",
       "is struct<a: int64>, found a list"},
      {arrow::null(), "1", "is null, found 1 (number)"},
      {arrow::map(arrow::utf8(), arrow::int64()), "[]",
       "is map<string, int64>, found a list"},
      {arrow::map(arrow::int64(), arrow::int64()), "{}",
       "is map<int64, int64>, found an object"},
  };
  for (const ValueCase& c : cases) {
    SCOPED_TRACE(c.type->ToString() + " " + c.value);
    const auto array = decode_value(c.value, c.type);
    ASSERT_FALSE(array.ok());
    EXPECT_EQ(kind_of(array.status()), ErrorKind::kSchemaMismatch);
    EXPECT_EQ(array.status().message(),
              std::string("data.ndjson: line 1, byte 6: column 'x' ") + c.expected +
                  "; fix the line or change schema=");
  }
}

TEST(JsonDecoder, NamesTheFieldInside) {
  const auto type = arrow::struct_({arrow::field(
      "tags", arrow::list(arrow::struct_({arrow::field("n", arrow::int64())})))});
  const auto array = decode_value(R"({"tags": [{"n": 1}, {"n": "x"}]})", type);
  ASSERT_FALSE(array.ok());
  EXPECT_EQ(
      array.status().message(),
      "data.ndjson: line 1, byte 32: column 'x.tags[].n' is int64, found \"x\" (text); "
      "fix the line or change schema=");
}

std::string lines_before(int count, const std::string& line) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += line + "\n";
  return lines;
}

// What is wrong with one line among many good ones, and what is said of it.
TEST(JsonDecoder, SaysWhatIsWrongAndWhere) {
  const std::string good = R"({"id": 1, "qty": 10, "o": {"a": "x"}})";
  const auto schema = [] {
    return with_schema(
        {arrow::field("id", arrow::int64()), arrow::field("qty", arrow::int64()),
         arrow::field("o", arrow::struct_({arrow::field("a", arrow::utf8())}))});
  };
  struct Case {
    const char* line;
    ErrorKind kind;
    const char* place;
    const char* message;
  };
  constexpr auto kCorrupt = ErrorKind::kCorruptData;
  const Case cases[] = {
      {R"({"id": 1, "qty": "seven"})", ErrorKind::kSchemaMismatch, "byte 27757",
       "column 'qty' is int64, found \"seven\" (text); fix the line or change schema="},
      {R"({"id": 1, "id": 2})", kCorrupt, "byte 27756",
       "the object has the field 'id' twice"},
      {R"({"id": 1 "qty": 2})", kCorrupt, "byte 27749",
       "expected ',' or '}', found \"qty\" (text)"},
      {R"({"id" 1})", kCorrupt, "byte 27746", "expected ':', found 1 (number)"},
      {R"({id: 1})", kCorrupt, "byte 27741", "expected a field's name, found 'id:'"},
      {R"({"id": 01})", kCorrupt, "byte 27747",
       "expected a value, found '01' in column 'id'"},
      {R"({"id": nul})", kCorrupt, "byte 27747",
       "expected a value, found 'nul' in column 'id'"},
      {R"({"id": })", kCorrupt, "byte 27747",
       "expected a value, found '}' in column 'id'"},
      {R"({"id": 1,})", kCorrupt, "byte 27749", "expected a field's name, found '}'"},
      {R"({"o": {"a": tru}})", kCorrupt, "byte 27752",
       "expected a value, found 'tru' in column 'o.a'"},
      {R"({"zz": [1 2]})", kCorrupt, "byte 27750",
       "expected ',' or ']', found 2 (number)"},
      {R"(17)", kCorrupt, "byte 27740",
       "a record has to be an object ({…}), found 17 (number)"},
      {R"("text")", kCorrupt, "byte 27740",
       "a record has to be an object ({…}), found \"text\" (text)"},
      {R"([1])", kCorrupt, "byte 27740",
       "a record has to be an object ({…}), found a list"},
      {R"(})", kCorrupt, "byte 27740",
       "a record has to be an object ({…}), found '}' between records"},
      {"{\"o\": {\"a\": \"\xFF\"}}", kCorrupt, "byte 27753", "byte 0xff is not UTF-8"},
      {"{\"o\": {\"a\": \"\t\"}}", kCorrupt, "byte 27753",
       "control character 0x09 in a text"},
      {"{\"o\": {\"a\": \"}}", kCorrupt, "byte 27755",
       "control character 0x0a in a text; is its closing quote missing?"},
      {R"({"id": 1)", kCorrupt, "byte 27749", "expected ',' or '}', found an object"},
  };
  for (const Case& c : cases) {
    const std::string text =
        lines_before(730, good) + c.line + "\n" + lines_before(100, good);
    for (const int64_t block_bytes : {64, 1000, 1 << 20}) {
      SCOPED_TRACE(std::string(c.line) + " in blocks of " + std::to_string(block_bytes));
      const auto table = decode(text, schema(), tiny_blocks(block_bytes));
      ASSERT_FALSE(table.ok());
      EXPECT_EQ(kind_of(table.status()), c.kind) << table.status().ToString();
      const bool next_line = std::string_view(c.line) == R"({"id": 1)";
      EXPECT_EQ(table.status().message(), std::string("data.ndjson: line ") +
                                              (next_line ? "732" : "731") + ", " +
                                              c.place + ": " + c.message);
      EXPECT_EQ(context_of(table.status())->resource, "data.ndjson");
    }
  }
}

TEST(JsonDecoder, TellsOfTheFirstFault) {
  // The second line is wrong, and the fourth is not even text.
  const std::string text = "{\"a\":1}\n{\"a\":x}\n{\"a\":1}\n{\"a\":\"\xFF\"}\n";
  const auto table = decode(text);
  ASSERT_FALSE(table.ok());
  EXPECT_EQ(table.status().message(),
            "data.ndjson: line 2, byte 13: expected a value, found 'x' in column 'a'");
}

TEST(JsonDecoder, AnInferredSchemaRefusesNewFields) {
  DecoderLimits limits = tiny_blocks(32);
  limits.sample_records = 2;
  const std::string sample = "{\"a\":1,\"o\":{\"b\":1}}\n{\"a\":1,\"o\":{\"b\":1}}\n";
  const auto table = decode(sample + sample + "{\"a\":1,\"new\":2}\n", {}, limits);
  ASSERT_FALSE(table.ok());
  EXPECT_EQ(kind_of(table.status()), ErrorKind::kSchemaMismatch);
  EXPECT_EQ(table.status().message(),
            "data.ndjson: line 5, byte 93: field 'new' is not among those of the first "
            "records; give schema= or fix the line");
  const auto inside = decode(sample + sample + "{\"o\":{\"new\":2}}\n", {}, limits);
  ASSERT_FALSE(inside.ok());
  EXPECT_THAT(inside.status().message(),
              HasSubstr("field 'new' is not among those of the first records in 'o'"));
  EXPECT_TRUE(decode(sample + sample + "{\"a\":1,\"new\":2}\n",
                     with_schema({arrow::field("a", arrow::int64())}), limits)
                  .ok());
}

TEST(JsonDecoder, RefusesASchemaThatCannotBe) {
  const auto twice = decode("{}", with_schema({arrow::field("a", arrow::int64()),
                                               arrow::field("a", arrow::utf8())}));
  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.status().message(), "data.ndjson: two columns are named 'a'");
  const auto interval =
      decode("{}", with_schema({arrow::field("a", arrow::month_interval())}));
  ASSERT_FALSE(interval.ok());
  EXPECT_EQ(interval.status().message(),
            "data.ndjson: column 'a': JSON cannot be read as month_interval");
}

TEST(JsonDecoder, NestsSixtyFourLevels) {
  const auto nested = [](int lists) {
    const auto count = static_cast<size_t>(lists);
    return fmt::format("{{\"x\":{}{}}}\n", std::string(count, '['),
                       std::string(count, ']'));
  };
  // The record is a level.
  EXPECT_TRUE(decode(nested(63)).ok());
  EXPECT_TRUE(decode_value("1", arrow::utf8()).ok());
  const std::string expected =
      "data.ndjson: line 1, byte 68: objects and lists inside each other more than 64 "
      "levels "
      "deep";
  const auto inferred = decode(nested(64));
  ASSERT_FALSE(inferred.ok());
  EXPECT_THAT(inferred.status().message(), StartsWith(expected));
  const auto as_text =
      decode(nested(64), with_schema({arrow::field("x", arrow::utf8())}));
  ASSERT_FALSE(as_text.ok());
  EXPECT_THAT(as_text.status().message(), StartsWith(expected));
  EXPECT_FALSE(decode(nested(1'000'000)).ok());
  EXPECT_FALSE(decode(std::string(1'000'000, '[')).ok());
}

TEST(JsonDecoder, ARecordHasABound) {
  DecoderLimits limits = tiny_blocks(1 << 16);
  limits.cutter.max_record_bytes = 1 << 20;
  const std::string small = fmt::format("{{\"x\":\"{}\"}}", std::string(1 << 19, 'a'));
  const std::string large = fmt::format("{{\"x\":\"{}\"}}", std::string(3 << 20, 'a'));
  EXPECT_TRUE(decode(small + "\n" + small + "\n", {}, limits).ok());
  for (const std::string& text :
       {"{\"x\":\"\"}\n" + large + "\n", "[{\"x\":\"\"},\n" + large + "]"}) {
    const auto table = decode(text, {}, limits);
    ASSERT_FALSE(table.ok());
    EXPECT_EQ(kind_of(table.status()), ErrorKind::kCorruptData);
    EXPECT_THAT(table.status().message(), StartsWith("data.ndjson: line 2, byte "));
    EXPECT_THAT(table.status().message(), HasSubstr("the record is larger than 1 MiB"));
  }
}

// A file that was cut off anywhere gives the rows before the cut, or an error: never a
// row that the whole file does not have.
TEST(JsonDecoder, ATruncatedFileInventsNothing) {
  const std::string files[] = {
      "{\"a\":12,\"b\":\"x\\n\"}\n{\"a\":-3,\"b\":null}\n{\"a\":4,\"b\":\"\xC3\xA9\"}\n",
      "[{\"a\":12,\"b\":\"x\\n\"},\n {\"a\":-3,\"b\":null} , "
      "{\"a\":4,\"b\":\"\xC3\xA9\"}]\n",
      "{\n\"a\":12,\n\"b\":\"x\"}{\"a\":-3,\"b\":null}",
  };
  const auto schema = [] {
    return with_schema(
        {arrow::field("a", arrow::int64()), arrow::field("b", arrow::utf8())});
  };
  for (const std::string& file : files) {
    const auto whole = decode(file, schema()).ValueOrDie();
    for (size_t size = 0; size < file.size(); ++size) {
      const std::string text = file.substr(0, size);
      const auto table = decode(text, schema(), tiny_blocks(8));
      if (!table.ok()) {
        EXPECT_EQ(kind_of(table.status()), ErrorKind::kCorruptData);
        EXPECT_THAT(table.status().message(), HasSubstr("line "));
        continue;
      }
      const auto prefix = whole->Slice(0, (*table)->num_rows());
      EXPECT_TRUE((*table)->Equals(*prefix)) << text;
      // A whole record, not the beginning of one.
      const auto end = text.find_last_not_of(" \r\n");
      if (end != std::string::npos) {
        EXPECT_TRUE(text[end] == '}' || text[end] == ']') << text;
      }
      // An array that has no end is an error.
      EXPECT_TRUE(file[0] != '[' || size == 0 || text[end] == ']') << text;
    }
  }
  const auto cut_off = decode("{\"a\":1}\n{\"a\":2,");
  ASSERT_FALSE(cut_off.ok());
  EXPECT_EQ(cut_off.status().message(),
            "data.ndjson: line 2, byte 8: the file ends within this record: expected a "
            "field's name");
  const auto open_array = decode("[{\"a\":1},\n");
  ASSERT_FALSE(open_array.ok());
  EXPECT_EQ(open_array.status().message(),
            "data.ndjson: line 2, byte 10: the file ends too early: expected a record");
}

TEST(JsonDecoder, StopsWhenAsked) {
  auto decoder = make_decoder(input_of("{\"a\":1}\n"), {}, {}).ValueOrDie();
  std::stop_source stop;
  stop.request_stop();
  const auto batch = decoder->next(stop.get_token());
  ASSERT_FALSE(batch.ok());
  EXPECT_EQ(kind_of(batch.status()), ErrorKind::kCancelled);
  EXPECT_FALSE(decoder->next({}).ok()) << "an error is the end";
}

// Yields some records, then fails.
class FailingStream : public arrow::io::InputStream {
 public:
  Result<int64_t> Read(int64_t num_bytes, void* out) override {
    constexpr std::string_view kRecord = "{\"a\":1}\n";
    const auto num_records = num_bytes / static_cast<int64_t>(kRecord.size());
    if (++num_reads_ > 1 || num_records == 0) return Status::IOError("the cable was cut");
    for (int64_t i = 0; i < num_records; ++i) {
      out = std::copy(kRecord.begin(), kRecord.end(), static_cast<char*>(out));
    }
    return num_records * static_cast<int64_t>(kRecord.size());
  }
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t) override {
    return Status::NotImplemented("not needed here");
  }
  Result<int64_t> Tell() const override { return 0; }
  Status Close() override { return Status::OK(); }
  bool closed() const override { return false; }

 private:
  int num_reads_ = 0;
};

TEST(JsonDecoder, TellsOfAStreamThatFails) {
  const auto decoder = make_decoder(
      {kTestName, std::make_shared<FailingStream>(), nullptr}, {}, tiny_blocks(4096));
  ASSERT_FALSE(decoder.ok());
  EXPECT_THAT(decoder.status().message(), StartsWith("data.ndjson: "));
  EXPECT_THAT(decoder.status().message(), HasSubstr("the cable was cut"));
}

}  // namespace
}  // namespace velo::formats::json
