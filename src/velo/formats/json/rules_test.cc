// What options of JSON change: numbers as times, several fields of one name.

#include "velo/formats/json/decode_for_test.h"

namespace velo::formats::json {
namespace {

using ::testing::HasSubstr;

Result<int64_t> read_time(const std::string& value, arrow::TimeUnit::type epoch,
                          arrow::TimeUnit::type unit) {
  auto options = with_schema({arrow::field("x", arrow::timestamp(unit, "UTC"))});
  options.epoch = epoch;
  ARROW_ASSIGN_OR_RAISE(const auto table, decode("{\"x\":" + value + "}\n", options));
  return static_cast<const arrow::TimestampArray&>(*table->column(0)->chunk(0)).Value(0);
}

TEST(JsonEpoch, ReadsNumbersAsTimes) {
  using enum arrow::TimeUnit::type;
  EXPECT_EQ(read_time("1700000000", SECOND, MICRO).ValueOrDie(), 1'700'000'000'000'000);
  EXPECT_EQ(read_time("-1", SECOND, NANO).ValueOrDie(), -1'000'000'000);
  EXPECT_EQ(read_time("1700000000.25", SECOND, MILLI).ValueOrDie(), 1'700'000'000'250);
  EXPECT_EQ(read_time("-0.5", SECOND, MILLI).ValueOrDie(), -500);
  EXPECT_EQ(read_time("1.5000", SECOND, MILLI).ValueOrDie(), 1500);
  EXPECT_EQ(read_time("1700000000123", MILLI, MILLI).ValueOrDie(), 1'700'000'000'123);
  EXPECT_EQ(read_time("1700000000000", MILLI, SECOND).ValueOrDie(), 1'700'000'000);
  EXPECT_EQ(read_time("9223372036854775807", NANO, NANO).ValueOrDie(),
            std::numeric_limits<int64_t>::max());
  EXPECT_EQ(read_time("-9223372036854775808", NANO, NANO).ValueOrDie(),
            std::numeric_limits<int64_t>::min());
  EXPECT_EQ(read_time("\"1970-01-01T00:00:01Z\"", MILLI, SECOND).ValueOrDie(), 1);
}

TEST(JsonEpoch, LosesNothing) {
  using enum arrow::TimeUnit::type;
  for (const auto& [value, epoch, unit] :
       {std::tuple("1700000000123", MILLI, SECOND), std::tuple("0.0005", SECOND, MILLI),
        std::tuple("1e3", SECOND, MILLI), std::tuple("9223372036854775808", NANO, NANO),
        std::tuple("9223372037", SECOND, NANO), std::tuple("true", SECOND, NANO)}) {
    EXPECT_EQ(kind_of(read_time(value, epoch, unit).status()), ErrorKind::kSchemaMismatch)
        << value;
  }
}

TEST(JsonEpoch, IsAskedFor) {
  const auto seconds = arrow::timestamp(arrow::TimeUnit::SECOND, "UTC");
  EXPECT_EQ(kind_of(decode_value("1", seconds).status()), ErrorKind::kSchemaMismatch);
}

TEST(JsonDuplicates, LeaveTheLast) {
  const auto inner = arrow::struct_(
      {arrow::field("b", arrow::int64()), arrow::field("c", arrow::utf8())});
  auto options =
      with_schema({arrow::field("a", arrow::int64()), arrow::field("s", inner),
                   arrow::field("m", arrow::map(arrow::utf8(), arrow::int64()))});
  const std::string text =
      R"({"a":1,"\u0061":2,"s":{"b":1},"m":{"k":1,"j":2,"k":3},"s":{"c":"x","b":3,"b":4},"z":0,"z":[]})"
      "\n"
      R"({"a":"no number","a":5})"
      "\n";
  EXPECT_THAT(decode(text, options).status().message(), HasSubstr("'a' twice"));
  options.takes_last_field = true;
  for (const int64_t block_bytes : {16, 1 << 20}) {
    const auto table = decode(text, options, tiny_blocks(block_bytes));
    ASSERT_TRUE(table.ok()) << table.status().ToString();
    EXPECT_TRUE((*table)->Equals(
        *table_of(options.schema,
                  R"([{"a": 2, "s": {"b": 4, "c": "x"}, "m": [["j", 2], ["k", 3]]},
            {"a": 5, "s": null, "m": null}])")))
        << (*table)->ToString();
  }
  EXPECT_FALSE(decode("{\"a\":1,\"a\":}\n", options).ok());
  EXPECT_FALSE(decode("{\"a\":1,\"a\":2", options).ok());
}

// Whoever looks for each among all of them does not finish.
TEST(JsonDuplicates, MayBeMany) {
  std::string text = "{\"a\":0";
  for (int i = 1; i < 1'000'000; ++i) text += ",\"a\":1";
  auto options = with_schema({arrow::field("a", arrow::int64())});
  options.takes_last_field = true;
  const auto table = decode(text + ",\"a\":2}\n", options);
  ASSERT_TRUE(table.ok()) << table.status().ToString();
  EXPECT_TRUE((*table)->Equals(*table_of(options.schema, R"([{"a": 2}])")));
}

Result<std::string> read_quoted(const std::string& value,
                                const std::shared_ptr<arrow::DataType>& type) {
  auto options = with_schema({arrow::field("x", type)});
  options.takes_quoted_numbers = true;
  ARROW_ASSIGN_OR_RAISE(const auto table, decode("{\"x\":" + value + "}\n", options));
  ARROW_ASSIGN_OR_RAISE(const auto scalar, table->column(0)->GetScalar(0));
  return scalar->ToString();
}

TEST(JsonQuotedNumbers, AreNumbersWhereTheyAreAskedFor) {
  EXPECT_EQ(read_quoted("\"9007199254740993\"", arrow::int64()).ValueOrDie(),
            "9007199254740993");
  EXPECT_EQ(read_quoted("\"-7\"", arrow::int8()).ValueOrDie(), "-7");
  EXPECT_EQ(read_quoted("7", arrow::int8()).ValueOrDie(), "7");
  EXPECT_EQ(read_quoted("null", arrow::int8()).ValueOrDie(), "null");
  EXPECT_EQ(read_quoted("\"1.5\"", arrow::float64()).ValueOrDie(), "1.5");
  for (const char* text : {"\"\"", "\" 7\"", "\"7x\"", "\"+7\"", "\"0x7\"", "\"seven\"",
                           "\"1.5\"", "\"300\""}) {
    EXPECT_EQ(kind_of(read_quoted(text, arrow::int8()).status()),
              ErrorKind::kSchemaMismatch)
        << text;
  }
  for (const char* text : {"\"inf\"", "\"-inf\"", "\"nan\"", "\"\"", "\"1e999\""}) {
    EXPECT_EQ(kind_of(read_quoted(text, arrow::float64()).status()),
              ErrorKind::kSchemaMismatch)
        << text;
  }
  // Of a sample it is a text among numbers.
  std::string lines = "{\"x\":1}\n";
  for (int i = 0; i < 20; ++i) lines += "{\"x\":2}\n";
  EXPECT_FALSE(decode(lines + "{\"x\":\"3\"}\n").ok());
}

// A part of a file that does not begin it: no byte order mark, no array.
TEST(JsonParts, SayWhereTheyAreInTheFile) {
  Input input = input_of("{\"x\":1}\n{\"x\":no}\n");
  input.part = Part{.offset = 1000, .lines_before = [] { return int64_t{50}; }};
  auto decoder = make_decoder(std::move(input),
                              with_schema({arrow::field("x", arrow::int64())}), {});
  ASSERT_TRUE(decoder.ok());
  EXPECT_THAT((*decoder)->next({}).status().message(), HasSubstr("line 52, byte 1013"));

  Input array = input_of("[{\"x\":1}]\n");
  array.part = Part{.offset = 1000};
  decoder = make_decoder(std::move(array),
                         with_schema({arrow::field("x", arrow::int64())}), {});
  EXPECT_FALSE(decoder.ok() && (*decoder)->next({}).ok());
}

}  // namespace
}  // namespace velo::formats::json
