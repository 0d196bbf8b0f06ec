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

}  // namespace
}  // namespace velo::formats::json
