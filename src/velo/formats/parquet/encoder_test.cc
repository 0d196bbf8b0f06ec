#include "velo/formats/parquet/encoder.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/io/memory.h>
#include <arrow/json/from_string.h>
#include <arrow/table.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <functional>
#include <string>

#include "velo/formats/parquet/dictionary_choice.h"

namespace velo::formats {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kNumRows = 2 * kDictionarySampleRows;

std::shared_ptr<arrow::Array> numbers(int64_t num_rows,
                                      const std::function<int64_t(int64_t)>& value_of) {
  arrow::Int64Builder builder;
  for (int64_t row = 0; row < num_rows; ++row) {
    EXPECT_TRUE(builder.Append(value_of(row)).ok());
  }
  return builder.Finish().ValueOrDie();
}

// Two columns that never repeat and one that does.
std::shared_ptr<arrow::RecordBatch> some_rows(int64_t num_rows) {
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("id", arrow::int64()),
                     arrow::field("a.b", arrow::int64()),
                     arrow::field("kind", arrow::int64())}),
      num_rows,
      {numbers(num_rows, [](int64_t row) { return row; }),
       numbers(num_rows, [](int64_t row) { return -row; }),
       numbers(num_rows, [](int64_t row) { return row % 7; })});
}

std::shared_ptr<arrow::Buffer> encode(const arrow::RecordBatch& rows, int64_t batch_rows,
                                      const ParquetWriteOptions& options = {}) {
  auto output = arrow::io::BufferOutputStream::Create().ValueOrDie();
  auto encoder = make_parquet_encoder(output, rows.schema(), options).ValueOrDie();
  for (int64_t row = 0; row < rows.num_rows(); row += batch_rows) {
    EXPECT_TRUE(encoder->write(*rows.Slice(row, batch_rows)).ok());
  }
  EXPECT_TRUE(encoder->finish().ok());
  return output->Finish().ValueOrDie();
}

std::shared_ptr<arrow::Table> decode(const std::shared_ptr<arrow::Buffer>& file) {
  auto reader = parquet::arrow::OpenFile(std::make_shared<arrow::io::BufferReader>(file),
                                         arrow::default_memory_pool())
                    .ValueOrDie();
  return reader->ReadTable().ValueOrDie();
}

// Of each column, whether its first row group has a dictionary.
std::vector<bool> dictionaries_of(const std::shared_ptr<arrow::Buffer>& file) {
  const auto metadata =
      parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(file))
          ->metadata();
  std::vector<bool> answer;
  for (int i = 0; i < metadata->num_columns(); ++i) {
    answer.push_back(metadata->RowGroup(0)->ColumnChunk(i)->has_dictionary_page());
  }
  return answer;
}

std::vector<int64_t> row_groups_of(const std::shared_ptr<arrow::Buffer>& file) {
  const auto metadata =
      parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(file))
          ->metadata();
  std::vector<int64_t> answer;
  for (int i = 0; i < metadata->num_row_groups(); ++i) {
    answer.push_back(metadata->RowGroup(i)->num_rows());
  }
  return answer;
}

TEST(ParquetEncoder, WritesWhatItWasGiven) {
  const auto rows = some_rows(kNumRows);
  const auto expected = arrow::Table::FromRecordBatches({rows}).ValueOrDie();
  for (const int64_t batch_rows : {int64_t{10}, int64_t{1000}, kNumRows}) {
    SCOPED_TRACE(batch_rows);
    const auto table = decode(encode(*rows, batch_rows, {.row_group_rows = 5000}));
    EXPECT_TRUE(table->Equals(*expected));
  }
}

TEST(ParquetEncoder, CutsRowGroupsWhereTheyAreFull) {
  for (const int64_t batch_rows : {int64_t{1000}, int64_t{5000}, kNumRows}) {
    SCOPED_TRACE(batch_rows);
    EXPECT_THAT(
        row_groups_of(encode(*some_rows(12000), batch_rows, {.row_group_rows = 5000})),
        ElementsAre(5000, 5000, 2000));
  }
}

TEST(ParquetEncoder, CutsRowGroupsOfLargeRowsEarlier) {
  const std::string text(1 << 20, 'x');
  arrow::StringBuilder builder;
  for (int i = 0; i < 150; ++i) EXPECT_TRUE(builder.Append(text).ok());
  const auto rows =
      arrow::RecordBatch::Make(arrow::schema({arrow::field("text", arrow::utf8())}), 150,
                               {builder.Finish().ValueOrDie()});
  const auto file = encode(*rows, 10);
  EXPECT_THAT(row_groups_of(file), ElementsAre(70, 70, 10));
  EXPECT_TRUE(
      decode(file)->Equals(*arrow::Table::FromRecordBatches({rows}).ValueOrDie()));
}

TEST(ParquetEncoder, WritesNestedColumns) {
  const auto type = arrow::struct_(
      {arrow::field("a", arrow::list(arrow::int64())), arrow::field("b", arrow::utf8())});
  const auto column = arrow::json::ArrayFromJSONString(
                          type, R"([{"a":[1,2],"b":"x"},null,{"a":[],"b":null}])")
                          .ValueOrDie();
  const auto rows = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("nested", type)}), 3, {column});
  const auto table = decode(encode(*rows, 1, {.row_group_rows = 2}));
  EXPECT_TRUE(table->Equals(*arrow::Table::FromRecordBatches({rows}).ValueOrDie()));
}

TEST(ParquetEncoder, WritesDecimalsThatFitAsIntegers) {
  const std::pair<std::shared_ptr<arrow::DataType>, parquet::Type::type> cases[] = {
      {arrow::decimal128(9, 2), parquet::Type::INT32},
      {arrow::decimal128(18, 2), parquet::Type::INT64},
      {arrow::decimal128(19, 2), parquet::Type::FIXED_LEN_BYTE_ARRAY},
  };
  for (const auto& [type, stored] : cases) {
    SCOPED_TRACE(type->ToString());
    const auto column =
        arrow::json::ArrayFromJSONString(type, R"(["-1.50",null,"9999999.99"])")
            .ValueOrDie();
    const auto rows = arrow::RecordBatch::Make(
        arrow::schema({arrow::field("amount", type)}), 3, {column});
    const auto file = encode(*rows, 3);
    const auto reader =
        parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(file));
    EXPECT_EQ(reader->metadata()->schema()->Column(0)->physical_type(), stored);
    EXPECT_TRUE(
        decode(file)->Equals(*arrow::Table::FromRecordBatches({rows}).ValueOrDie()));
  }
}

TEST(ParquetEncoder, WritesNoRowsAsAFileWithColumns) {
  const auto table = decode(encode(*some_rows(0), 1));
  EXPECT_EQ(table->num_rows(), 0);
  EXPECT_THAT(table->ColumnNames(), ElementsAre("id", "a.b", "kind"));
}

TEST(ParquetEncoder, MakesDictionariesOfColumnsThatRepeat) {
  for (const int64_t batch_rows : {int64_t{1}, int64_t{1000}, kNumRows}) {
    SCOPED_TRACE(batch_rows);
    EXPECT_THAT(dictionaries_of(encode(*some_rows(kNumRows), batch_rows)),
                ElementsAre(false, false, true));
  }
}

TEST(ParquetEncoder, RefusesATypeBeforeTheFirstRow) {
  auto output = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto schema =
      arrow::schema({arrow::field("span", arrow::month_day_nano_interval())});
  EXPECT_FALSE(make_parquet_encoder(output, schema, {}).ok());
}

bool is_worth(const std::shared_ptr<arrow::Array>& first_rows) {
  return is_worth_dictionary(arrow::ChunkedArray(first_rows)).ValueOrDie();
}

TEST(DictionaryChoice, LooksAtAnyFlatType) {
  const std::pair<std::shared_ptr<arrow::DataType>, std::pair<const char*, const char*>>
      cases[] = {
          {arrow::utf8(), {R"(["a","b","c",null])", R"(["a","a","a","a"])"}},
          {arrow::boolean(), {R"([true,false,null,true])", R"([true,true,true,true])"}},
          {arrow::float64(), {"[1.5,2.5,0.1,4]", "[1.5,1.5,1.5,1.5]"}},
          {arrow::decimal128(9, 2),
           {R"(["1.50","2.50"])", R"(["1.50","1.50","1.50","1.50"])"}},
          {arrow::date32(), {"[1,2,3]", "[1,1,1,1]"}},
          {arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), {"[1,2,3]", "[1,1,1,1]"}},
          {arrow::fixed_size_binary(2), {R"(["ab","cd"])", R"(["ab","ab","ab","ab"])"}},
      };
  for (const auto& [type, texts] : cases) {
    SCOPED_TRACE(type->ToString());
    const auto distinct = arrow::json::ArrayFromJSONString(type, texts.first);
    const auto repeated = arrow::json::ArrayFromJSONString(type, texts.second);
    EXPECT_FALSE(is_worth(*distinct));
    EXPECT_TRUE(is_worth(*repeated));
  }
}

TEST(DictionaryChoice, TakesTheRestAsWorthIt) {
  const auto list =
      arrow::json::ArrayFromJSONString(arrow::list(arrow::int64()), "[[1],[2],[3]]");
  EXPECT_TRUE(is_worth(*list));
  const auto codes = arrow::json::ArrayFromJSONString(
      arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["a","b","c"])");
  EXPECT_TRUE(is_worth(*codes));
}

}  // namespace
}  // namespace velo::formats
