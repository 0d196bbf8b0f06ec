// Code that is compiled against the private Arrow, with hidden symbols, is of one mind
// with it about types: dynamic_cast finds classes that have no home in either, and a
// catch what the other threw.
#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>

namespace {

TEST(PrivateArrow, SharesTheTypesOfTemplates) {
  const auto array = arrow::MakeArrayOfNull(arrow::int64(), 3).ValueOrDie();
  EXPECT_NE(dynamic_cast<const arrow::Int64Array*>(array.get()), nullptr);
  EXPECT_EQ(dynamic_cast<const arrow::Int32Array*>(array.get()), nullptr);
  const auto builder = arrow::MakeBuilder(arrow::int64()).ValueOrDie();
  EXPECT_NE(dynamic_cast<arrow::Int64Builder*>(builder.get()), nullptr);
}

TEST(PrivateArrow, ThrowsWhatIsCaught) {
  const auto file =
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString("no Parquet"));
  EXPECT_THROW(parquet::ParquetFileReader::Open(file), parquet::ParquetException);
}

}  // namespace
