// What is said of records that are no rows.

#include <fmt/format.h>

#include "velo/formats/json/decode_for_test.h"
#include "velo/formats/json/decoder.h"

namespace velo::formats::json {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

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
