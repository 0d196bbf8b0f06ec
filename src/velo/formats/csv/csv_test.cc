#include <arrow/io/memory.h>
#include <arrow/json/from_string.h>
#include <arrow/table.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "velo/formats/csv/decoder.h"
#include "velo/formats/csv/encoder.h"

namespace velo::formats {
namespace {

using ::testing::HasSubstr;

Input input_of(const std::string& text) {
  auto file = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(text));
  return {.name = "in.csv", .stream = file, .file = file};
}

Result<std::shared_ptr<arrow::Table>> decode(const std::string& text,
                                             const CsvDialect& dialect = {},
                                             DecodeOptions options = {}) {
  ARROW_ASSIGN_OR_RAISE(auto decoder,
                        make_csv_decoder(input_of(text), dialect, std::move(options)));
  arrow::RecordBatchVector batches;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, decoder->next({}));
    if (!batch) break;
    ARROW_RETURN_NOT_OK(batch->ValidateFull());
    batches.push_back(std::move(batch));
  }
  return arrow::Table::FromRecordBatches(decoder->schema(), batches);
}

// The table as CSV again: a compact way to say what was read.
std::string as_text(const arrow::Table& table) {
  auto output = arrow::io::BufferOutputStream::Create().ValueOrDie();
  auto encoder = make_csv_encoder(output, table.schema(), {}).ValueOrDie();
  arrow::TableBatchReader reader(table);
  std::shared_ptr<arrow::RecordBatch> batch;
  while (reader.ReadNext(&batch).ok() && batch) {
    EXPECT_TRUE(encoder->write(*batch).ok());
  }
  EXPECT_TRUE(encoder->finish().ok());
  return output->Finish().ValueOrDie()->ToString();
}

std::string types_of(const arrow::Schema& schema) {
  std::string text;
  for (const auto& field : schema.fields()) text += field->type()->ToString() + ";";
  return text;
}

TEST(CsvDecoder, InfersTypes) {
  const std::pair<const char*, const char*> cases[] = {
      {"1", "int64"},
      {"-9223372036854775808", "int64"},
      {"9223372036854775808", "decimal128(38, 0)"},
      {"007", "string"},
      {"0x1F", "string"},
      {"12345678901234567.89", "decimal128(38, 2)"},
      {"-0.123456789012345678", "decimal128(38, 18)"},
      {"1700000000.1234568", "decimal128(38, 7)"},
      {"1.123456789012345678e3", "decimal128(38, 15)"},
      {"1234567890123456789012345678901234567.89", "string"},
      {"0.10000000000000001", "double"},
      {"5e-324", "double"},
      {"1e-400", "string"},
      {"1.0", "double"},
      {"1e3", "double"},
      {"0.30000000000000004", "double"},
      {"+31", "string"},
      {"-0", "int64"},
      {"0", "int64"},
      {"0.5", "double"},
      {"1e300", "double"},
      {"1e400", "string"},
      {"-inf", "double"},
      {"00.5", "string"},
      {"true", "bool"},
      {"2026-01-31", "date32[day]"},
      {"2026-01-31 23:59:59", "timestamp[us]"},
      {"2026-01-31T23:59:59.123456", "timestamp[us]"},
      {"2026-01-31T23:59:59.123456789", "timestamp[ns]"},
      {"2026-01-31T23:59:59Z", "timestamp[us, tz=UTC]"},
      {"2026-01-31 23:59:59+02:00", "timestamp[us, tz=UTC]"},
      {"2026-02-30", "string"},
      {"hello", "string"},
      {"\"\"", "string"},
  };
  for (const auto& [value, type] : cases) {
    SCOPED_TRACE(value);
    const auto table = decode(std::string("a,b\nx,") + value + "\n");
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_EQ((*table)->schema()->field(1)->type()->ToString(), type);
  }
}

TEST(CsvDecoder, KeepsNullApartFromTheEmptyText) {
  const std::string text = "n,t\n1,\n,\"\"\n3,x\n";
  const auto table = decode(text);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->column(0)->null_count(), 1);
  EXPECT_EQ((*table)->column(1)->null_count(), 1);
  EXPECT_EQ(as_text(**table), text);
}

TEST(CsvDecoder, ReadsWhatPeopleWrite) {
  const struct {
    const char* what;
    const char* text;
    const char* read;
  } cases[] = {
      {"no line break at the end", "a,b\n1,2", "a,b\n1,2\n"},
      {"carriage returns", "a,b\r\n1,2\r\n3,4\r\n", "a,b\n1,2\n3,4\n"},
      {"a byte order mark",
       "\xEF\xBB\xBF"
       "a,b\n1,2\n",
       "a,b\n1,2\n"},
      {"quotes and line breaks inside", "a,b\n\"x \"\"y\"\"\",\"1\n2\"\n",
       "a,b\n\"x \"\"y\"\"\",\"1\n2\"\n"},
      {"empty lines", "a,b\n\n1,2\n\n", "a,b\n1,2\n"},
      {"unicode", "naïve,名\nä,🙂\n", "naïve,名\nä,🙂\n"},
      {"names that stand twice or are empty", "a,,a\n1,2,3\n", "a,column1,a_1\n1,2,3\n"},
      {"a header and no rows", "a,b\n", "a,b\n"},
      {"one column with NULLs", "a\n1\n\n3\n", "a\n1\n\n3\n"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.what);
    const auto table = decode(one.text);
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_EQ(as_text(**table), one.read);
  }
}

TEST(CsvDecoder, GivesTheSameRowsWhateverTheBlocks) {
  std::string text = "id,text\r\n";
  for (int i = 0; i < 50; ++i) {
    text +=
        std::to_string(i) + ",\"line\r\nbreak, \"\"" + std::to_string(i) + "\"\"\"\r\n";
  }
  const auto whole = decode(text);
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_EQ((*whole)->num_rows(), 50);
  for (int64_t block_bytes = 1; block_bytes < 70; ++block_bytes) {
    SCOPED_TRACE(block_bytes);
    const auto cut = decode(text, {.block_bytes = block_bytes});
    ASSERT_TRUE(cut.ok()) << cut.status();
    EXPECT_TRUE((*cut)->Equals(**whole));
  }
}

TEST(CsvDecoder, KeepsTheNullsOfOneColumnWhateverTheBlocks) {
  const std::string text = "a\r\n1\r\n\r\n3\r\n\r\n";
  for (int64_t block_bytes = 1; block_bytes < 20; ++block_bytes) {
    SCOPED_TRACE(block_bytes);
    const auto table =
        decode(text, {.block_bytes = block_bytes},
               {.schema = arrow::schema({arrow::field("a", arrow::int64())})});
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_EQ(as_text(**table), "a\n1\n\n3\n\n");
  }
}

TEST(CsvDecoder, ReadsTheColumnsAskedFor) {
  const auto table =
      decode("a,b,c\n1,2,3\n", {}, {.columns = std::vector<std::string>{"c", "a"}});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(as_text(**table), "c,a\n3,1\n");
  EXPECT_THAT(decode("a,b\n1,2\n", {}, {.columns = std::vector<std::string>{"z"}})
                  .status()
                  .message(),
              HasSubstr("there is no column 'z'; there are a, b"));
}

TEST(CsvDecoder, ReadsWithoutHeaderAndWithAnotherDelimiter) {
  const auto table = decode("1;x\n2;y\n", {.header = CsvHeader::kNo, .delimiter = ';'});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(as_text(**table), "column0,column1\n1,x\n2,y\n");
}

TEST(CsvDecoder, TakesTheTypesGiven) {
  const auto schema = arrow::schema(
      {arrow::field("b", arrow::decimal128(12, 2)), arrow::field("a", arrow::utf8())});
  const auto table = decode("a,b\n007,1.50\n", {}, {.schema = schema});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(types_of(*(*table)->schema()), "string;decimal128(12, 2);");
  EXPECT_EQ(as_text(**table), "a,b\n007,1.50\n");
}

TEST(CsvDecoder, SaysWhereItFailed) {
  std::string late = "id,text\n";
  std::string halves = "id,x\n";
  std::string fine = "id,x\n";
  for (int i = 0; i < 100; ++i) {
    late += std::to_string(i) + ",x\n";
    halves += std::to_string(i) + ",0.5\n";
    fine += std::to_string(i) + ",0.1234567890123456789\n";
  }
  const struct {
    const char* what;
    std::string text;
    const char* message;
  } cases[] = {
      {"ragged", "a,b\n1,x\n2\n",
       "in.csv: line 3, byte 8: the row has 1 columns, the file has 2"},
      {"ragged after quoted line breaks", "a,b\n\"1\n1\",x\n2,3,4\n",
       "in.csv: line 4, byte 12: the row has 3 columns"},
      {"not UTF-8", "a,b\n1,x\n2,\xff\n",
       "in.csv: line 3, byte 8: column 'b' is not UTF-8"},
      {"a value that does not fit", late + "seven,x\n",
       "in.csv: line 102, byte 498: column 'id' is int64, and 'seven' is not"},
      {"a number that would lose its zeros", late + "0070,x\n",
       "in.csv: line 102, byte 498: column 'id' is int64, and '0070' is not"},
      {"a fraction that a double would lose", halves + "100,1700000000.1234568\n",
       "in.csv: line 102, byte 695: column 'x' is double, and '1700000000.1234568' is "
       "not"},
      {"the same behind a blank", halves + "100, 1700000000.1234568\n",
       "in.csv: line 102, byte 695: column 'x' is double, and"},
      {"a number too small for a double", halves + "100,1e-400\n",
       "in.csv: line 102, byte 695: column 'x' is double, and '1e-400' is not"},
      {"more digits than the decimal has", fine + "100,1e-20\n",
       "in.csv: line 102, byte 2495: column 'x' is decimal128(38, 19), and '1e-20' is "
       "not"},
      {"a quote that is not closed", "a,b\n1,\"x\n2,y\n", "in.csv: line 2, byte 4: "},
      {"an empty file", "", "in.csv: the file is empty"},
      {"more columns than there may be", std::string(100'000, ',') + "\n",
       "in.csv: line 1, byte 0: the first row has 100001 columns, of 100000 at most"},
      {"a header that is not UTF-8", "a,\xff\n", "the name of column 2 is not UTF-8"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.what);
    const auto table = decode(one.text, {.block_bytes = 64});
    ASSERT_FALSE(table.ok());
    EXPECT_THAT(table.status().message(), HasSubstr(one.message));
    const ErrorKind kind = kind_of(table.status());
    EXPECT_TRUE(kind == ErrorKind::kCorruptData || kind == ErrorKind::kSchemaMismatch);
  }
}

// All of them: it is not that a record is too large.
TEST(CsvDecoder, SaysWhatIsWrongWithTheFirstRecords) {
  std::string text = "a,b\n";
  for (int i = 0; i < 100; ++i) text += "1,2,3\n";
  for (const bool keeps_bad : {false, true}) {
    const auto table = decode(text, {.block_bytes = 16, .max_record_bytes = 64},
                              {.keep_bad_records = keeps_bad});
    EXPECT_THAT(table.status().message(),
                HasSubstr("in.csv: line 2, byte 4: the row has 3 columns"));
  }
}

TEST(CsvDecoder, InfersDecimalsWithRoomForEveryValueSeen) {
  const auto table = decode("a,b\nx,0.123456789012345678\nx,1234567.5\nx,-3\nx,\n");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(types_of(*(*table)->schema()), "string;decimal128(38, 18);");
  EXPECT_EQ(as_text(**table),
            "a,b\nx,0.123456789012345678\nx,1234567.500000000000000000\n"
            "x,-3.000000000000000000\nx,\n");
  const auto too_wide = decode("a,b\nx,0.123456789012345678\nx,123456789012345678901\n");
  ASSERT_TRUE(too_wide.ok()) << too_wide.status();
  EXPECT_EQ(types_of(*(*too_wide)->schema()), "string;string;");
  const auto too_long = decode("a,b\nx,340282366920938463463374607431768211457\nx,5\n");
  ASSERT_TRUE(too_long.ok()) << too_long.status();
  EXPECT_EQ(as_text(**too_long), "a,b\nx,340282366920938463463374607431768211457\nx,5\n");
}

// The values of a decimal column in a file of these lines, one by one; or the error.
std::string decimals_of(const std::shared_ptr<arrow::DataType>& type,
                        const std::string& lines) {
  const auto table = decode(
      "v,x\n" + lines, {},
      {.schema =
           arrow::schema({arrow::field("v", type), arrow::field("x", arrow::utf8())})});
  if (!table.ok()) return "error";
  std::string text;
  const auto& values = *(*table)->column(0);
  for (int64_t row = 0; row < values.length(); ++row) {
    text += values.GetScalar(row).ValueOrDie()->ToString() + ";";
  }
  return text;
}

TEST(CsvDecoder, ReadsDecimalsPlainOrNot) {
  const struct {
    std::shared_ptr<arrow::DataType> type;
    const char* lines;
    const char* values;
  } cases[] = {
      {arrow::decimal128(12, 2), "1.5,\n-0.05,\n,\n007,\n-0,\n",
       "1.50;-0.05;null;7.00;0.00;"},
      {arrow::decimal128(12, 2), "\"3.25\",\n", "3.25;"},
      {arrow::decimal128(12, 2), "9999999999.99,\n-9999999999.99,\n",
       "9999999999.99;-9999999999.99;"},
      {arrow::decimal128(12, 2), "10000000000.00,\n", "error"},
      {arrow::decimal128(12, 2), "1.5,\n1e3,\n 2 ,\n+4,\n", "1.50;1000.00;2.00;4.00;"},
      {arrow::decimal128(12, 2), "1.500,\n", "1.50;"},
      {arrow::decimal128(12, 2), "1.505,\n", "error"},
      {arrow::decimal128(12, 2), "-,\n", "error"},
      {arrow::decimal128(12, 2), "1.2.3,\n", "error"},
      {arrow::decimal128(12, 2), "\"\",\n", "error"},
      {arrow::decimal128(18, 0), "999999999999999999,\n-1,\n", "999999999999999999;-1;"},
      {arrow::decimal128(18, 18), "0.000000000000000001,\n", "1E-18;"},
      {arrow::decimal128(38, 2), "123456789012345678901234567890.12,\n",
       "123456789012345678901234567890.12;"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.lines);
    EXPECT_EQ(decimals_of(one.type, one.lines), one.values);
  }
}

TEST(CsvDecoder, RefusesARecordBeyondTheBound) {
  std::string text = "a,b\n1,\"";
  text.append(3000, 'x');
  const auto table = decode(text, {.block_bytes = 100, .max_record_bytes = 1000});
  EXPECT_EQ(kind_of(table.status()), ErrorKind::kCorruptData);
  EXPECT_THAT(table.status().message(),
              HasSubstr("in.csv: line 2, byte 4: the record is larger"));
}

TEST(CsvDecoder, TruncatedAnywhereGivesAnErrorOrAPrefix) {
  const std::string text = "id,text\n1,\"a,\"\"b\"\n22,c\n333,\n";
  const auto whole = as_text(**decode(text));
  for (size_t size = 0; size < text.size(); ++size) {
    SCOPED_TRACE(size);
    const auto table = decode(text.substr(0, size));
    if (!table.ok()) continue;
    // The last row may be cut: CSV cannot tell. Those before it are whole.
    std::string read = as_text(**table);
    read.pop_back();
    const size_t last = read.rfind('\n');
    EXPECT_TRUE(last == std::string::npos || whole.starts_with(read.substr(0, last)));
  }
}

TEST(CsvEncoder, WritesNumbersSoThatTheyComeBack) {
  const std::string text =
      "i,d\n9223372036854775807,0.1\n-1,1e+300\n0,5e-324\n1,123456.789\n";
  EXPECT_EQ(as_text(**decode(text)), text);
}

// A column of this type with these JSON values, as CSV.
std::string column_as_text(const std::shared_ptr<arrow::DataType>& type,
                           std::string_view values) {
  const auto column =
      arrow::json::ArrayFromJSONString(type, std::string(values)).ValueOrDie();
  const auto schema = arrow::schema({arrow::field("v", type)});
  const auto text = as_text(*arrow::Table::Make(schema, {column}));
  return text.substr(std::string_view("v\n").size());
}

TEST(CsvEncoder, PrintsEveryType) {
  const struct {
    std::shared_ptr<arrow::DataType> type;
    const char* values;
    const char* text;
  } cases[] = {
      {arrow::boolean(), "[true,null,false]", "true\n\nfalse\n"},
      {arrow::int8(), "[-128,127]", "-128\n127\n"},
      {arrow::uint64(), "[18446744073709551615]", "18446744073709551615\n"},
      {arrow::float32(), "[0.1,null]", "0.1\n\n"},
      {arrow::float16(), "[1.5]", "1.5\n"},
      {arrow::decimal32(5, 2), R"(["123.45","-0.01"])", "123.45\n-0.01\n"},
      {arrow::decimal64(18, 0), R"(["-999999999999999999"])", "-999999999999999999\n"},
      {arrow::decimal128(12, 2), R"(["0.05",null,"-12.34","-0.50","100.00"])",
       "0.05\n\n-12.34\n-0.50\n100.00\n"},
      {arrow::decimal128(20, 15), R"(["0.000000000000001"])", "0.000000000000001\n"},
      {arrow::decimal128(38, 10), R"(["-9999999999999999999999999999.0000000001"])",
       "-9999999999999999999999999999.0000000001\n"},
      {arrow::decimal256(76, 1), R"(["1.5"])", "1.5\n"},
      {arrow::date32(), "[0,-1,null,19000]", "1970-01-01\n1969-12-31\n\n2022-01-08\n"},
      {arrow::date64(), "[86400000]", "1970-01-02\n"},
      {arrow::time32(arrow::TimeUnit::SECOND), "[86399]", "23:59:59\n"},
      {arrow::time64(arrow::TimeUnit::MICRO), "[1]", "00:00:00.000001\n"},
      {arrow::timestamp(arrow::TimeUnit::SECOND), "[0]", "1970-01-01 00:00:00\n"},
      {arrow::timestamp(arrow::TimeUnit::MICRO), "[-1]", "1969-12-31 23:59:59.999999\n"},
      {arrow::timestamp(arrow::TimeUnit::MILLI, "Europe/Amsterdam"), "[1]",
       "1970-01-01 00:00:00.001Z\n"},
      {arrow::utf8(), R"(["a","",null,"é"])", "a\n\"\"\n\né\n"},
      {arrow::utf8(), R"(["a,b","c","say \"x\"","two\nlines","r\r"])",
       "\"a,b\"\nc\n\"say \"\"x\"\"\"\n\"two\nlines\"\n\"r\r\"\n"},
      {arrow::large_utf8(), R"(["a,b"])", "\"a,b\"\n"},
      {arrow::utf8_view(), R"(["a"])", "a\n"},
      {arrow::null(), "[null]", "\n"},
      {arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["a",null,"b"])", "a\n\nb\n"},
      {arrow::dictionary(arrow::int8(), arrow::decimal128(5, 2)), R"(["1.50"])",
       "1.50\n"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.type->ToString());
    EXPECT_EQ(column_as_text(one.type, one.values), one.text);
  }
}

TEST(CsvEncoder, PrintsASliceOfAColumn) {
  const auto column =
      arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["a,b","c",null,"d"])")
          .ValueOrDie()
          ->Slice(1, 2);
  const auto schema = arrow::schema({arrow::field("v", arrow::utf8())});
  EXPECT_EQ(as_text(*arrow::Table::Make(schema, {column})), "v\nc\n\n");
}

TEST(CsvEncoder, KeepsNoRowBackWhenABatchIsDone) {
  const auto schema = arrow::schema({arrow::field("v", arrow::int64())});
  const auto output = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto encoder = make_csv_encoder(output, schema, {}).ValueOrDie();
  const auto column = arrow::json::ArrayFromJSONString(arrow::int64(), "[1]");
  ASSERT_TRUE(encoder->write(*arrow::RecordBatch::Make(schema, 1, {*column})).ok());
  EXPECT_EQ(output->Tell().ValueOrDie(), 4);
  ASSERT_TRUE(encoder->finish().ok());
  EXPECT_EQ(output->Finish().ValueOrDie()->ToString(), "v\n1\n");
}

TEST(CsvEncoder, RefusesADateBeyondIso8601) {
  const auto column =
      arrow::json::ArrayFromJSONString(arrow::date32(), "[0,10000000]").ValueOrDie();
  const auto schema = arrow::schema({arrow::field("day", arrow::date32())});
  auto output = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto encoder = make_csv_encoder(output, schema, {}).ValueOrDie();
  const auto status = encoder->write(*arrow::RecordBatch::Make(schema, 2, {column}));
  EXPECT_EQ(kind_of(status), ErrorKind::kSchemaMismatch);
  EXPECT_THAT(status.message(), HasSubstr("column 'day'"));
}

TEST(CsvEncoder, RefusesWhatCsvCannotHold) {
  const auto schema = arrow::schema({arrow::field("l", arrow::list(arrow::int64()))});
  auto output = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto encoder = make_csv_encoder(output, schema, {});
  EXPECT_EQ(kind_of(encoder.status()), ErrorKind::kSchemaMismatch);
  EXPECT_THAT(encoder.status().message(), HasSubstr("column 'l' is list"));
}

}  // namespace
}  // namespace velo::formats
