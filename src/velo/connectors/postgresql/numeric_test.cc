#include "velo/connectors/postgresql/numeric.h"

#include <gtest/gtest.h>

#include <random>

#include "velo/base/hex.h"

namespace velo::postgresql {
namespace {

struct Example {
  const char* text;
  int32_t scale;
  const char* bytes;  // SELECT encode(numeric_send(TEXT::numeric(38, SCALE)), 'hex')
};

// Made by PostgreSQL 15.18.
constexpr Example kExamples[] = {
    {"0", 0, "0000000000000000"},
    {"0.00", 2, "0000000000000002"},
    {"12.5", 1, "0002000000000001000c1388"},
    {"-12.50", 2, "0002000040000002000c1388"},
    {"10000", 0, "00010001000000000001"},
    {"0.0001", 4, "0001ffff000000040001"},
    {"0.00001", 5, "0001fffe0000000503e8"},
    {"123456789.987", 3, "0004000200000003000109291a85268e"},
};

TEST(Numeric, IsWrittenAsPostgresqlDoes) {
  for (const Example& example : kExamples) {
    SCOPED_TRACE(example.text);
    int32_t precision = 0;
    int32_t scale = 0;
    arrow::Decimal128 value;
    ASSERT_TRUE(
        arrow::Decimal128::FromString(example.text, &value, &precision, &scale).ok());
    std::string bytes;
    append_numeric(bytes, value, example.scale);
    EXPECT_EQ(hex_encode(bytes), example.bytes);
    EXPECT_EQ(read_numeric(bytes, 38, example.scale), value);
  }
}

TEST(Numeric, OfAnyValueComesBack) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const int shift = static_cast<int>(random() % 127);
    arrow::Decimal128 value(static_cast<int64_t>(random() >> 1), random());
    value >>= static_cast<uint32_t>(shift);
    if (!value.FitsInPrecision(38)) continue;
    if (i % 2 == 0) value.Negate();
    const auto scale = static_cast<int32_t>(random() % 39);
    std::string bytes;
    append_numeric(bytes, value, scale);
    ASSERT_EQ(read_numeric(bytes, 38, scale), value)
        << value.ToIntegerString() << " " << scale;
  }
}

TEST(Numeric, ThatDoesNotFitIsNone) {
  std::string bytes;
  append_numeric(bytes, arrow::Decimal128(12345), 2);
  EXPECT_EQ(read_numeric(bytes, 4, 2), std::nullopt);
  EXPECT_EQ(read_numeric(bytes, 38, 1), std::nullopt);
  EXPECT_EQ(read_numeric(bytes, 38, 4), arrow::Decimal128(1234500));
  EXPECT_EQ(read_numeric(bytes.substr(1), 38, 2), std::nullopt);
  EXPECT_EQ(read_numeric(*hex_decode("00000000c0000000"), 38, 0), std::nullopt);  // NaN
  EXPECT_EQ(read_numeric(*hex_decode("0001000000000000ffff"), 38, 0), std::nullopt);
  EXPECT_EQ(read_numeric(*hex_decode("00017fff000000000001"), 38, 0), std::nullopt);
}

}  // namespace
}  // namespace velo::postgresql
