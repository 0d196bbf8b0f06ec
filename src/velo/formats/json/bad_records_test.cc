#include "velo/formats/decoded_records.h"
#include "velo/formats/json/decode_for_test.h"

namespace velo::formats::json {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What came of a text: `1 2 | bad "x" | 3`, by the rows' column x.
struct Outcome {
  std::string order;
  std::vector<BadRecord> bad;
};

Result<Outcome> sift(const std::string& text, DecodeOptions options = {},
                     const DecoderLimits& limits = {}) {
  options.keep_bad_records = true;
  ARROW_ASSIGN_OR_RAISE(auto decoder,
                        make_decoder(input_of(text), std::move(options), limits));
  Outcome outcome;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto decoded, decode_next(*decoder, {}));
    if (!decoded.rows) return outcome;
    EXPECT_GT(decoded.num_records(), 0);
    EXPECT_TRUE(decoded.rows->ValidateFull().ok());
    size_t next_bad = 0;
    for (int64_t row = 0; row <= decoded.rows->num_rows(); ++row) {
      for (;
           next_bad < decoded.bad.size() && decoded.bad[next_bad].num_rows_before == row;
           ++next_bad) {
        const PlacedBadRecord& bad = decoded.bad[next_bad];
        const auto offset = static_cast<size_t>(bad.offset);
        EXPECT_EQ(text.substr(offset, bad.record.bytes.size()), bad.record.bytes);
        outcome.order += "<" + bad.record.bytes + ">";
        outcome.bad.push_back(bad.record);
      }
      if (row == decoded.rows->num_rows()) break;
      outcome.order +=
          decoded.rows->GetColumnByName("x")->GetScalar(row).ValueOrDie()->ToString() +
          " ";
    }
    EXPECT_EQ(next_bad, decoded.bad.size());
  }
}

DecodeOptions with_x() { return with_schema({arrow::field("x", arrow::int64())}); }

std::string order_of(const std::string& text, DecodeOptions options = with_x()) {
  const auto large = sift(text, options);
  const std::string order = large.ok() ? large->order : large.status().message();
  for (const int64_t block_bytes : {1, 7, 16}) {
    const auto small = sift(text, options, tiny_blocks(block_bytes));
    EXPECT_EQ(small.ok() ? small->order : small.status().message(), order) << block_bytes;
  }
  return order;
}

TEST(JsonBadRecords, AreTheirLinesWhateverIsInThem) {
  const std::pair<const char*, const char*> cases[] = {
      {"{\"x\":1}\n{\"x\":\"a\"}\n{\"x\":3}\n", "1 <{\"x\":\"a\"}>3 "},
      {"{\"x\":1}\nrubbish\n\n{\"x\":3}\n", "1 <rubbish>3 "},
      {"{\"x\":1}\n{\"x\":2\n{\"x\":3}\n", "1 <{\"x\":2>3 "},
      {"{\"x\":1}\n{\"x\":[2\n{\"x\":3}\n", "1 <{\"x\":[2>3 "},
      {"{\"x\":1}\n{\"x\":2}}\n{\"x\":3}\n", "1 <{\"x\":2}}>3 "},
      {"{\"x\":1}\r\n{\"x\":\r\n{\"x\":3}\r\n", "1 <{\"x\":>3 "},
      {"{\"x\":1}\n{\"y\":\"\xFF\"}\n{\"x\":3}\n", "1 <{\"y\":\"\xFF\"}>3 "},
      {"{\"x\":1}\n{\"y\":\"a\n\"}\n{\"x\":3}\n", "1 <{\"y\":\"a><\"}>3 "},
      {"{\"x\":1}\n[1]\n2\n\"\nnull\n{\"x\":3}\n", "1 <[1]><2><\"><null>3 "},
      // All of a line, or none: what follows a fault may have been meant otherwise.
      {"{\"x\":1} {\"x\":2}\n{\"x\":3} {\"x\":true} {\"x\":4}\n{\"x\":5}",
       "1 2 <{\"x\":3} {\"x\":true} {\"x\":4}>5 "},
      // The last, the first, the only.
      {"{\"x\":1}\n{\"x\"", "1 <{\"x\">"},
      {"{\"x\n{\"x\":3}\n", "<{\"x>3 "},
      {"{\"x\":\nrubbish\n{\"x\":3}\n", "<{\"x\":><rubbish>3 "},
      {"{\"x\":", "<{\"x\":>"},
      {"rubbish\n", "<rubbish>"},
      {"[\"y\"]\n{\"x\":3}\n", "<[\"y\"]>3 "},
      {"\"y\"\n{\"x\":3}\n", "<\"y\">3 "},
      {"\n \n", ""},
      {"", ""},
  };
  for (const auto& [text, order] : cases) {
    SCOPED_TRACE(text);
    EXPECT_EQ(order_of(text), order);
  }
}

TEST(JsonBadRecords, SayWhatTheyWouldHaveFailedWith) {
  const auto outcome =
      sift("{\"x\":1}\n{\"x\":2,\"z\":\"a\"\n\n{\"x\":\"a\"}\n", with_x());
  ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
  ASSERT_EQ(outcome->bad.size(), 2U);
  EXPECT_EQ(outcome->bad[0].error.message(),
            "data.ndjson: line 2, byte 8: the line ends within this record: expected "
            "',' or '}'");
  EXPECT_EQ(kind_of(outcome->bad[0].error), ErrorKind::kCorruptData);
  EXPECT_EQ(outcome->bad[1].error.message(),
            "data.ndjson: line 4, byte 29: column 'x' is int64, found \"a\" (text); fix "
            "the line or change schema=");
  EXPECT_EQ(kind_of(outcome->bad[1].error), ErrorKind::kSchemaMismatch);
}

TEST(JsonBadRecords, AreNoPartOfTheSample) {
  const std::string text =
      "{\"x\":1}\n{\"x\":2,\"only_here\":[1,}\n{\"x\":\"wide\"\n{\"x\":3}\n";
  EXPECT_EQ(order_of(text, {}), "1 <{\"x\":2,\"only_here\":[1,}><{\"x\":\"wide\">3 ");
  const auto none = sift("{\"x\":\nno\n");
  EXPECT_THAT(none.status().message(), HasSubstr("line 1, byte 0"));
}

// One line, broken, does not make a file of records that go over lines.
TEST(JsonBadRecords, OfRecordsOverLinesHaveToBeJson) {
  const std::string first = "{\n  \"x\": 1\n}\n";
  EXPECT_EQ(order_of(first + "{\n \"x\": true }\n{\"x\":3}"), "1 <{\n \"x\": true }>3 ");
  EXPECT_THAT(order_of(first + "{\n \"x\": 2 ]\n{\"x\":3}"), HasSubstr("line 5, byte"));
  EXPECT_EQ(order_of(R"([{"x":1},{"x":"a"}, {"x":3},{"x":{}}])"),
            "1 <{\"x\":\"a\"}>3 <{\"x\":{}}>");
  EXPECT_THAT(order_of(R"([{"x":1},{"x":a},{"x":3}])"), HasSubstr("line 1, byte"));
  EXPECT_THAT(order_of(R"([{"x":1},{"x":2})"), HasSubstr("the file ends too early"));
}

TEST(JsonBadRecords, CannotBeToldFromLinesOfALongerRecord) {
  const std::string text = "{\"x\":1}\n{\"y\": [\n {\"x\":2}\n]}\n{\"x\":3}\n";
  EXPECT_THAT(order_of(text),
              HasSubstr("line 2, byte 8: the record goes on in the next"));
}

TEST(JsonBadRecords, MayBeTooLarge) {
  DecoderLimits limits = tiny_blocks(16);
  limits.cutter.max_record_bytes = 100;
  const std::string large = "{\"x\":2,\"y\":\"" + std::string(1000, 'y') + "\"}";
  for (const std::string& before : {std::string(), std::string("{\"x\":1}\n")}) {
    for (const bool is_last : {false, true}) {
      const auto outcome =
          sift(before + large + (is_last ? "" : "\n{\"x\":3}\n"), with_x(), limits);
      ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
      ASSERT_EQ(outcome->bad.size(), 1U);
      EXPECT_THAT(
          outcome->bad[0].error.message(),
          HasSubstr(before.empty() ? "line 1, byte 0: the record is larger than"
                                   : "line 2, byte 8: the record is larger than"));
      EXPECT_TRUE(large.starts_with(outcome->bad[0].bytes));
      EXPECT_EQ(outcome->order, (before.empty() ? "<" : "1 <") + outcome->bad[0].bytes +
                                    (is_last ? ">" : ">3 "));
    }
  }
}

TEST(JsonBadRecords, MayBeTooLargeInAnArray) {
  DecoderLimits limits = tiny_blocks(16);
  limits.cutter.max_record_bytes = 100;
  const std::string large =
      "{\"x\":2,\"y\":[{\"}\":\"]" + std::string(1000, 'y') + "\\\"}\"}]}";
  const std::pair<std::string, std::string> cases[] = {
      {"[" + large + "]", "<>"},
      {" [ " + large + " , {\"x\":3}]", "<>3 "},
      {"[{\"x\":1},\n" + large + "\n]\n", "1 <>"},
      {"[{\"x\":1}, " + large + "," + large + ",{\"x\":3},{\"x\":4}]", "1 <><>3 4 "},
      // What is no object.
      {"[{\"x\":1}, [[" + std::string(500, ' ') + "]],{\"x\":3}]", "1 <>3 "},
      {"[{\"x\":1},\"" + std::string(500, 'y') + "\",{\"x\":3}]", "1 <>3 "},
      // Elsewhere, where records have no lines to themselves.
      {"{\n\"x\":1}\n" + large + "\n{\"x\":3}\n", "1 <>3 "},
  };
  for (const auto& [text, order] : cases) {
    for (auto options : {with_x(), DecodeOptions()}) {
      SCOPED_TRACE(text);
      if (!options.schema && text.find("\"x\":1") == std::string::npos) continue;
      const auto outcome = sift(text, options, limits);
      ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
      std::string without_bytes = outcome->order;
      for (const BadRecord& bad : outcome->bad) {
        without_bytes.erase(without_bytes.find(bad.bytes), bad.bytes.size());
        EXPECT_THAT(bad.error.message(), HasSubstr("the record is larger than 100"));
      }
      EXPECT_EQ(without_bytes, order);
    }
  }
  for (const std::string& broken :
       {"[{\"x\":1}," + large.substr(0, 900), "[{\"x\":1} " + large + "]",
        "[" + large + " {\"x\":3}]", "[{\"x\":1}]" + large}) {
    EXPECT_FALSE(sift(broken, with_x(), limits).ok()) << broken;
  }
}

TEST(JsonBadRecords, AreDroppedWithTheRowsBeforeAPlace) {
  const std::string text = "{\"x\":0}\nb1\n{\"x\":2}\n{\"x\":3}\nb4\nb5\n{\"x\":6}\n";
  for (int64_t num_dropped = 0; num_dropped <= 7; ++num_dropped) {
    SCOPED_TRACE(num_dropped);
    auto options = with_x();
    options.keep_bad_records = true;
    const auto decoder = make_decoder(input_of(text), options, {}).ValueOrDie();
    auto decoded = decode_next(*decoder, {}).ValueOrDie();
    ASSERT_EQ(decoded.num_records(), 7);
    decoded.drop_first(num_dropped);
    EXPECT_EQ(decoded.num_records(), 7 - num_dropped);
    const auto x = std::static_pointer_cast<arrow::Int64Array>(decoded.rows->column(0));
    std::vector<std::string> left(static_cast<size_t>(7 - num_dropped));
    const auto bad = decoded.take_bad([&](const auto&, int64_t number) {
      return Position{std::to_string(number + num_dropped - 1)};
    });
    for (int64_t i = 0; i < x->length(); ++i) {
      left.at(static_cast<size_t>(x->Value(i) - num_dropped)) = "row";
    }
    for (const BadRecord& one : bad ? *bad : BadRecords()) {
      EXPECT_EQ(one.bytes, "b" + one.position.bytes);
      left.at(std::stoul(one.position.bytes) - static_cast<size_t>(num_dropped)) = "bad";
    }
    for (const std::string& what : left) EXPECT_FALSE(what.empty());
  }
}

}  // namespace
}  // namespace velo::formats::json
