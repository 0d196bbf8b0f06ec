#include "velo/formats/parquet/decoder.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "velo/formats/parquet/encoder.h"
#include "velo/testing/matchers.h"

namespace velo::formats {
namespace {

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
