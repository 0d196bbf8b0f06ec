#include <arrow/io/memory.h>
#include <arrow/json/from_string.h>
#include <arrow/table.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "velo/formats/decoded_records.h"
#include "velo/formats/text/decoder.h"
#include "velo/formats/text/encoder.h"

namespace velo::formats {
namespace {

using ::testing::HasSubstr;

// `<name|name> value|value;` of each row, `<bad>` of each bad record; or the error.
std::string read(const std::string& text, const TextLayout& layout = {},
                 const DecodeOptions& options = {}) {
  auto stream =
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(text));
  auto decoder = make_text_decoder({.name = "in.log", .stream = stream}, layout, options);
  if (!decoder.ok()) return decoder.status().message();
  std::string shown;
  for (const auto& field : (*decoder)->schema()->fields()) shown += field->name() + "|";
  while (true) {
    auto decoded = decode_next(**decoder, {});
    if (!decoded.ok()) return decoded.status().message();
    if (!decoded->rows) return shown;
    EXPECT_TRUE(decoded->rows->ValidateFull().ok());
    EXPECT_GT(decoded->num_records(), 0);
    auto bad = decoded->bad.begin();
    for (int64_t row = 0; row <= decoded->rows->num_rows(); ++row) {
      for (; bad != decoded->bad.end() && bad->num_rows_before == row; ++bad) {
        EXPECT_EQ(text.substr(static_cast<size_t>(bad->offset), bad->record.bytes.size()),
                  bad->record.bytes);
        shown += " <" + bad->record.bytes + ">";
      }
      if (row == decoded->rows->num_rows()) break;
      shown += ' ';
      for (const auto& column : decoded->rows->columns()) {
        shown += column->GetScalar(row).ValueOrDie()->ToString() + ";";
      }
    }
  }
}

std::string read_all_ways(const std::string& text, TextLayout layout = {},
                          const DecodeOptions& options = {}) {
  const std::string whole = read(text, layout, options);
  for (const int64_t block_bytes : {1, 2, 7}) {
    layout.block_bytes = block_bytes;
    EXPECT_EQ(read(text, layout, options), whole) << block_bytes;
  }
  return whole;
}

TEST(TextDecoder, MakesARowOfALine) {
  const std::pair<const char*, const char*> cases[] = {
      {"a\nb c\n", "line| a; b c;"},   {"a\r\n\r\nb", "line| a; ; b;"},
      {"a\rb\n", "line| a\rb;"},       {"\n", "line| ;"},
      {"\xEF\xBB\xBFé\n", "line| é;"}, {"", "line|"},
  };
  for (const auto& [text, expected] : cases) {
    SCOPED_TRACE(text);
    EXPECT_EQ(read_all_ways(text), expected);
  }
}

TEST(TextDecoder, MakesColumnsOfNamedGroups) {
  const TextLayout layout{.pattern =
                              R"((?P<level>[A-Z]+) (?P<text>.*?)( in (?P<ms>\d+) ms)?)"};
  EXPECT_THAT(read("", layout), HasSubstr("pattern='"));  // one group has no name
  const TextLayout named{.pattern =
                             R"((?P<level>[A-Z]+) (?P<text>.*?)(?: in (?P<ms>\d+) ms)?)"};
  EXPECT_EQ(read_all_ways("INFO done in 12 ms\nWARN late\n", named),
            "level|text|ms| INFO;done;12; WARN;late;;");
  EXPECT_EQ(read("INFO done in 12 ms\n", named,
                 {.columns = std::vector<std::string>{"ms", "level"}}),
            "ms|level| 12;INFO;");
  EXPECT_THAT(read("INFO x\nnothing\n", named),
              HasSubstr("in.log: line 2, byte 7: the line does not match pattern="));
  EXPECT_EQ(
      read_all_ways("INFO x\nnothing\n\xFF\nWARN y", named, {.keep_bad_records = true}),
      "level|text|ms| INFO;x;; <nothing> <\xFF> WARN;y;;");
  EXPECT_THAT(read("", {.pattern = "(?P<a>x"}), HasSubstr("pattern='(?P<a>x': "));
  EXPECT_THAT(read("", {.pattern = "x"}), HasSubstr("it has no named group"));
}

TEST(TextDecoder, KeepsWhatIsNoUtf8Apart) {
  EXPECT_THAT(read("a\n\xFF\n"),
              HasSubstr("in.log: line 2, byte 2: the line is not UTF-8"));
  EXPECT_EQ(read_all_ways("\xFF\na\n\xC3\nb\xFE", {}, {.keep_bad_records = true}),
            "line| <\xFF> a; <\xC3> <b\xFE>");
}

TEST(TextDecoder, BoundsLines) {
  const TextLayout layout{.block_bytes = 4, .max_record_bytes = 10};
  const std::string text = "a\n" + std::string(50, 'x') + "\nb\n" + std::string(10, 'y');
  EXPECT_THAT(read(text, layout),
              HasSubstr("in.log: line 2, byte 2: the record is larger than 10 bytes"));
  EXPECT_THAT(read(text, layout, {.keep_bad_records = true}),
              ::testing::MatchesRegex("line. a; <x+> b; y+;"));
}

TEST(TextDecoder, LetsTheSchemaNameItsColumns) {
  const auto schema = arrow::schema({arrow::field("message", arrow::utf8())});
  EXPECT_EQ(read("a\n", {}, {.schema = schema}), "message| a;");
  const auto typed = arrow::schema({arrow::field("n", arrow::int64())});
  EXPECT_THAT(read("1\n", {}, {.schema = typed}),
              HasSubstr("have 1 columns of type text"));
}

Result<std::string> written(const std::shared_ptr<arrow::DataType>& type,
                            const std::string& values, int num_columns = 1) {
  arrow::FieldVector fields(static_cast<size_t>(num_columns), arrow::field("t", type));
  const auto schema = arrow::schema(fields);
  ARROW_ASSIGN_OR_RAISE(auto output, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(auto encoder, make_text_encoder(output, schema, 1 << 20));
  ARROW_ASSIGN_OR_RAISE(const auto column,
                        arrow::json::ArrayFromJSONString(type, values));
  ARROW_RETURN_NOT_OK(
      encoder->write(*arrow::RecordBatch::Make(schema, column->length(), {column})));
  ARROW_RETURN_NOT_OK(encoder->finish());
  ARROW_ASSIGN_OR_RAISE(const auto bytes, output->Finish());
  return bytes->ToString();
}

TEST(TextEncoder, WritesLines) {
  EXPECT_EQ(*written(arrow::utf8(), R"(["a","","é"])"), "a\n\né\n");
  EXPECT_EQ(*written(arrow::large_utf8(), R"(["a"])"), "a\n");
  EXPECT_EQ(*written(arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["a","a"])"),
            "a\na\n");
}

TEST(TextEncoder, RefusesWhatWouldNotComeBack) {
  EXPECT_THAT(written(arrow::utf8(), R"(["a",null])").status().message(),
              HasSubstr("row 2: a line cannot be NULL"));
  EXPECT_THAT(written(arrow::utf8(), R"(["a\nb"])").status().message(),
              HasSubstr("row 1: a text with a line break"));
  EXPECT_THAT(written(arrow::utf8(), R"(["a\r"])").status().message(),
              HasSubstr("row 1: a text with a line break"));
  EXPECT_THAT(written(arrow::int64(), "[1]").status().message(),
              HasSubstr("column 't' is int64, and a line is text"));
  EXPECT_THAT(written(arrow::utf8(), R"(["a"])", 2).status().message(),
              HasSubstr("text has one column, and there are 2: t, t"));
}

}  // namespace
}  // namespace velo::formats
