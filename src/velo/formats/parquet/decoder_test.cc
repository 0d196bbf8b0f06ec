#include "velo/formats/parquet/decoder.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "velo/formats/parquet/encoder.h"
#include "velo/testing/matchers.h"

namespace velo::formats {
namespace {

using ::testing::HasSubstr;
using velo::testing::IsOk;

// A file in memory that knows what the largest read of it was.
class WatchedFile : public arrow::io::RandomAccessFile {
 public:
  explicit WatchedFile(std::shared_ptr<arrow::Buffer> bytes) : bytes_(std::move(bytes)) {}

  int64_t largest_read() const { return largest_read_; }

  Result<int64_t> ReadAt(int64_t position, int64_t num_bytes, void* out) override {
    largest_read_ = std::max(largest_read_, num_bytes);
    return bytes_.ReadAt(position, num_bytes, out);
  }
  Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position,
                                                int64_t num_bytes) override {
    largest_read_ = std::max(largest_read_, num_bytes);
    return bytes_.ReadAt(position, num_bytes);
  }
  Result<int64_t> Read(int64_t num_bytes, void* out) override {
    return bytes_.Read(num_bytes, out);
  }
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t num_bytes) override {
    return bytes_.Read(num_bytes);
  }
  Result<int64_t> GetSize() override { return bytes_.GetSize(); }
  Result<int64_t> Tell() const override { return bytes_.Tell(); }
  Status Seek(int64_t position) override { return bytes_.Seek(position); }
  Status Close() override { return bytes_.Close(); }
  bool closed() const override { return bytes_.closed(); }

 private:
  arrow::io::BufferReader bytes_;
  int64_t largest_read_ = 0;
};

// One row group of rows that do not compress: a number and 600 characters.
std::shared_ptr<arrow::RecordBatch> wide_rows(int64_t num_rows) {
  arrow::Int64Builder number;
  arrow::StringBuilder text;
  uint64_t state = 1;
  for (int64_t row = 0; row < num_rows; ++row) {
    std::string value(600, ' ');
    for (char& c : value) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      c = static_cast<char>('!' + (state >> 33) % 90);
    }
    EXPECT_TRUE(number.Append(row).ok() && text.Append(value).ok());
  }
  return arrow::RecordBatch::Make(
      arrow::schema(
          {arrow::field("n", arrow::int64()), arrow::field("t", arrow::utf8())}),
      num_rows, {number.Finish().ValueOrDie(), text.Finish().ValueOrDie()});
}

std::shared_ptr<WatchedFile> file_of(const arrow::RecordBatch& rows) {
  auto output = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto encoder =
      make_parquet_encoder(output, rows.schema(), {.codec = "none"}).ValueOrDie();
  EXPECT_THAT(encoder->write(rows), IsOk());
  EXPECT_THAT(encoder->finish(), IsOk());
  return std::make_shared<WatchedFile>(output->Finish().ValueOrDie());
}

TEST(ParquetDecoder, HoldsNoMoreThanItMay) {
  const auto rows = wide_rows(20'000);
  for (const int64_t memory : {int64_t{64} << 20, int64_t{4} << 20, int64_t{64} << 10}) {
    SCOPED_TRACE(memory);
    const auto file = file_of(*rows);
    const auto decoder =
        make_parquet_decoder({.name = "wide", .stream = file, .file = file}, {})
            .ValueOrDie();
    decoder->limit_memory(memory);
    arrow::RecordBatchVector batches;
    while (true) {
      const auto batch = decoder->next({});
      ASSERT_THAT(batch, IsOk());
      if (!*batch) break;
      EXPECT_LE((*batch)->num_rows(), std::max<int64_t>(memory / 8 / 600, 1));
      batches.push_back(*batch);
    }
    const auto table = arrow::Table::FromRecordBatches(batches).ValueOrDie();
    EXPECT_TRUE(table->CombineChunksToBatch().ValueOrDie()->Equals(*rows));
    // All 12 MB of a column at once where that is not much.
    if (memory >= int64_t{64} << 20) {
      EXPECT_GT(file->largest_read(), 10'000'000);
    } else {
      EXPECT_LE(file->largest_read(), int64_t{2} << 20);
    }
  }
}

// 20,000 rows of one text of 2,000 characters, which take a few bytes in the file, and of
// a list of 100 numbers, which take as few.
std::shared_ptr<WatchedFile> repeating_file(parquet::SizeStatisticsLevel level) {
  constexpr int64_t kNumRows = 20'000;
  arrow::StringBuilder text;
  auto item = std::make_shared<arrow::Int64Builder>();
  arrow::ListBuilder numbers(arrow::default_memory_pool(), item);
  for (int64_t row = 0; row < kNumRows; ++row) {
    EXPECT_TRUE(text.Append(std::string(2000, 'x')).ok());
    EXPECT_TRUE(numbers.Append().ok());
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(item->Append(7).ok());
  }
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("t", arrow::utf8()),
                                        arrow::field("n", arrow::list(arrow::int64()))}),
                         {text.Finish().ValueOrDie(), numbers.Finish().ValueOrDie()});
  auto output = arrow::io::BufferOutputStream::Create().ValueOrDie();
  auto properties =
      parquet::WriterProperties::Builder().set_size_statistics_level(level)->build();
  EXPECT_THAT(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), output,
                                         kNumRows, properties),
              IsOk());
  return std::make_shared<WatchedFile>(output->Finish().ValueOrDie());
}

TEST(ParquetDecoder, ValuesThatRepeatTakeTheMemoryThatTheyHave) {
  constexpr int64_t kMemory = int64_t{4} << 20;
  for (const auto level : {parquet::SizeStatisticsLevel::None,
                           parquet::SizeStatisticsLevel::PageAndColumnChunk}) {
    const auto file = repeating_file(level);
    EXPECT_LT(file->GetSize().ValueOrDie(), 400'000);
    for (const auto& [column, row_bytes] : {std::pair{"t", 2000}, std::pair{"n", 800}}) {
      SCOPED_TRACE(column);
      const auto decoder =
          make_parquet_decoder({.name = "repeating", .stream = file, .file = file},
                               {.columns = {{column}}})
              .ValueOrDie();
      decoder->limit_memory(kMemory);
      int64_t num_rows = 0;
      while (true) {
        const auto batch = decoder->next({});
        ASSERT_THAT(batch, IsOk());
        if (!*batch) break;
        EXPECT_LE((*batch)->num_rows(), kMemory / 8 / row_bytes);
        num_rows += (*batch)->num_rows();
      }
      EXPECT_EQ(num_rows, 20'000);
    }
  }
}

// Bytes that are said to be texts, as one column of a file.
std::shared_ptr<arrow::StringArray> texts_of(const std::vector<std::string>& values) {
  arrow::BinaryBuilder bytes;
  for (const std::string& value : values) EXPECT_TRUE(bytes.Append(value).ok());
  const auto array = bytes.Finish().ValueOrDie();
  return std::make_shared<arrow::StringArray>(array->length(), array->data()->buffers[1],
                                              array->data()->buffers[2]);
}

std::string error_of(const std::shared_ptr<arrow::Array>& column) {
  const auto rows = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("t", column->type())}), column->length(), {column});
  const auto file = file_of(*rows);
  const auto decoder =
      make_parquet_decoder({.name = "texts", .stream = file, .file = file}, {})
          .ValueOrDie();
  while (true) {
    const auto batch = decoder->next({});
    if (!batch.ok()) return batch.status().message();
    if (!*batch) return "";
  }
}

TEST(ParquetDecoder, TextsAreUtf8) {
  EXPECT_EQ(error_of(texts_of({"", "ä", "a", "☃☃", ""})), "");
  EXPECT_THAT(error_of(texts_of({"ok", "\xFF"})),
              HasSubstr("texts: row 2, column 't': a text is not UTF-8"));
  // Half a character each.
  EXPECT_THAT(error_of(texts_of({"ok", "a\xC3", "\xA4"})),
              HasSubstr("row 2, column 't'"));
  std::vector<std::string> many(40'000, "ä");
  EXPECT_EQ(error_of(texts_of(many)), "");
  many[39'998] = "\xC3(";
  EXPECT_THAT(error_of(texts_of(many)), HasSubstr("row 39999, column 't'"));
  const auto bad = texts_of({"ok", "\xFF"});
  const auto structs =
      arrow::StructArray::Make({bad}, std::vector<std::string>{"s"}).ValueOrDie();
  EXPECT_THAT(error_of(structs), HasSubstr("texts: column 't': a text is not UTF-8"));
  const auto offsets = arrow::Buffer::FromVector(std::vector<int32_t>{0, 1, 2});
  const auto lists =
      std::make_shared<arrow::ListArray>(arrow::list(arrow::utf8()), 2, offsets, bad);
  EXPECT_THAT(error_of(lists), HasSubstr("texts: column 't': a text is not UTF-8"));
}

TEST(ParquetDecoder, ReadsARowOfAnySize) {
  const auto rows = wide_rows(3);
  const auto file = file_of(*rows);
  const auto decoder =
      make_parquet_decoder({.name = "wide", .stream = file, .file = file}, {})
          .ValueOrDie();
  decoder->limit_memory(1);
  for (int64_t row = 0; row < 3; ++row) {
    const auto batch = decoder->next({});
    ASSERT_THAT(batch, IsOk());
    EXPECT_TRUE((*batch)->Equals(*rows->Slice(row, 1)));
  }
  EXPECT_EQ(decoder->next({}).ValueOrDie(), nullptr);
}

}  // namespace
}  // namespace velo::formats
