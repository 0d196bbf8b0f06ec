#include "velo/connectors/clickhouse/native_block.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace velo::clickhouse {
namespace {

using std::string_literals::operator""s;
using testing::HasSubstr;

// Gives so many bytes at a time.
class Pieces : public ByteInput {
 public:
  Pieces(std::string bytes, size_t size) : bytes_(std::move(bytes)), size_(size) {}
  Result<std::string_view> next() override {
    const auto piece =
        std::string_view(bytes_).substr(std::min(at_, bytes_.size()), size_);
    at_ += size_;
    return piece;
  }

 private:
  const std::string bytes_;
  const size_t size_;
  size_t at_ = 0;
};

Result<std::shared_ptr<arrow::RecordBatch>> decode(const std::string& bytes) {
  Pieces input(bytes, 3);
  return BlockDecoder(input).next();
}

// SELECT toInt64(7) AS a, NULL::Nullable(String) AS b, by ClickHouse 26.9.
const std::string kBlock = "\2\1\1a\5Int64\7\0\0\0\0\0\0\0\1b\x10Nullable(String)\1\0"s;

TEST(ClickhouseNativeBlock, IsDecoded) {
  const auto rows = decode(kBlock).ValueOrDie();
  EXPECT_EQ(rows->schema()->ToString(), "a: int64 not null\nb: string");
  EXPECT_EQ(static_cast<const arrow::Int64Array&>(*rows->column(0)).Value(0), 7);
  EXPECT_TRUE(rows->column(1)->IsNull(0));
  EXPECT_TRUE(rows->ValidateFull().ok());
}

TEST(ClickhouseNativeBlock, BlocksWithoutRowsArePassedOver) {
  EXPECT_EQ(decode("").ValueOrDie(), nullptr);
  EXPECT_EQ(decode("\1\0\1a\5Int64"s).ValueOrDie(), nullptr);
  EXPECT_EQ(decode("\1\0\1a\5Int64"s + kBlock).ValueOrDie()->num_rows(), 1);
}

TEST(ClickhouseNativeBlock, EveryCutIsSeen) {
  for (size_t size = 1; size < kBlock.size(); ++size) {
    const auto rows = decode(kBlock.substr(0, size));
    ASSERT_FALSE(rows.ok()) << size;
    EXPECT_EQ(kind_of(rows.status()), ErrorKind::kCorruptData);
  }
}

TEST(ClickhouseNativeBlock, WhatCannotBeMeantIsNamed) {
  EXPECT_THAT(decode("\1\1\1a\6String\1\xFF"s).status().message(),
              HasSubstr("column 'a' after row 0: row 1 of the block is not UTF-8"));
  EXPECT_THAT(decode("\1\1\1a\x0b"
                     "Array(Int8)"s)
                  .status()
                  .message(),
              HasSubstr("column 'a' of type Array(Int8) cannot be read as it is"));
  EXPECT_THAT(decode("\1\xFF\xFF\xFF\xFF\x7F\1a\5Int64"s).status().message(),
              HasSubstr("a block of 1 columns"));
}

TEST(ClickhouseNativeBlock, IsEncodedAsItIsDecoded) {
  const auto block = decode(kBlock).ValueOrDie();
  const auto encoder =
      BlockEncoder::make(
          *block->schema(),
          {{"a", *parse_type("Int64")}, {"b", *parse_type("Nullable(String)")}}, "UTC")
          .ValueOrDie();
  std::string bytes;
  ASSERT_TRUE(encoder->append(*block, bytes).ok());
  EXPECT_EQ(bytes, kBlock);
}

std::shared_ptr<arrow::Array> decimals(const arrow::Decimal128& value) {
  arrow::Decimal128Builder builder(arrow::decimal128(12, 2));
  EXPECT_TRUE(builder.Append(value).ok());
  return builder.Finish().ValueOrDie();
}

TEST(ClickhouseNativeBlock, DecimalsTakeTheScaleOfTheColumn) {
  const auto schema = arrow::schema({arrow::field("a", arrow::decimal128(12, 2))});
  const auto encoder =
      BlockEncoder::make(*schema, {{"a", *parse_type("Decimal(38, 10)")}}, "UTC")
          .ValueOrDie();
  std::string bytes;
  ASSERT_TRUE(
      encoder->append(*arrow::RecordBatch::Make(schema, 1, {decimals(-150)}), bytes)
          .ok());
  const auto rows = decode(bytes).ValueOrDie();
  EXPECT_EQ(static_cast<const arrow::Decimal128Array&>(*rows->column(0)).FormatValue(0),
            "-1.5000000000");
}

TEST(ClickhouseNativeBlock, WhatCouldBeLostIsRefused) {
  const std::vector<std::pair<std::shared_ptr<arrow::DataType>, const char*>> cases = {
      {arrow::int64(), "Int32"},
      {arrow::int32(), "UInt64"},
      {arrow::uint32(), "Int32"},
      {arrow::float64(), "Float32"},
      {arrow::utf8(), "FixedString(3)"},
      {arrow::fixed_size_binary(4), "FixedString(3)"},
      {arrow::timestamp(arrow::TimeUnit::MILLI, "UTC"), "DateTime"},
      {arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "DateTime64(3)"},
      {arrow::timestamp(arrow::TimeUnit::MICRO), "DateTime64(6, 'Europe/Berlin')"},
      {arrow::decimal128(12, 2), "Decimal(12, 3)"},
      {arrow::decimal128(12, 2), "Decimal(12, 1)"},
      {arrow::boolean(), "UInt8"},
  };
  for (const auto& [type, column] : cases) {
    SCOPED_TRACE(column);
    const auto encoder = BlockEncoder::make(*arrow::schema({arrow::field("a", type)}),
                                            {{"a", *parse_type(column)}}, "UTC");
    ASSERT_FALSE(encoder.ok());
    EXPECT_EQ(kind_of(encoder.status()), ErrorKind::kSchemaMismatch);
  }
}

TEST(ClickhouseNativeBlock, ValuesThatDoNotFitAreNamedByRow) {
  arrow::Date32Builder builder;
  ASSERT_TRUE(builder.AppendValues({0, -1}).ok());
  const auto schema = arrow::schema({arrow::field("a", arrow::date32())});
  const auto rows = arrow::RecordBatch::Make(schema, 2, {builder.Finish().ValueOrDie()});
  const auto encoder =
      BlockEncoder::make(*schema, {{"a", *parse_type("Date")}}, "UTC").ValueOrDie();
  std::string bytes;
  const Status status = encoder->append(*rows, bytes);
  EXPECT_EQ(kind_of(status), ErrorKind::kCorruptData);
  EXPECT_THAT(status.message(),
              HasSubstr("row 2: column 'a': Date cannot hold 1969-12-31"));
  EXPECT_EQ(bytes, "");
}

}  // namespace
}  // namespace velo::clickhouse
