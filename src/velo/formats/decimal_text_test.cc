#include "velo/formats/decimal_text.h"

#include <arrow/util/decimal.h>
#include <gtest/gtest.h>

#include <string>

namespace velo::formats {
namespace {

template <typename Decimal>
std::string read(const std::string& text, int32_t precision, int32_t scale) {
  Decimal value;
  switch (read_decimal(text, precision, scale, value)) {
    case DecimalFault::kNone:
      return value.ToString(scale);
    case DecimalFault::kNoNumber:
      return "no number";
    case DecimalFault::kNotExact:
      return "not exact";
    case DecimalFault::kOutOfRange:
      return "out of range";
  }
  return "";
}

std::string zeros(size_t count) { return std::string(count, '0'); }

TEST(DecimalText, IsReadExactly) {
  const struct {
    std::string text;
    std::string expected;  // as decimal128(38, 2)
  } cases[] = {
      {"0", "0.00"},
      {"-0", "0.00"},
      {"+12", "12.00"},
      {"-12.3", "-12.30"},
      {".5", "0.50"},
      {"5.", "5.00"},
      {"00012.50", "12.50"},
      {"1.2e1", "12.00"},
      {"1.2E+3", "1200.00"},
      {"1200e-4", "0.12"},
      {"120e-4", "not exact"},
      {"0.001", "not exact"},
      {"0.0100", "0.01"},
      {"0.05e-1", "not exact"},
      {"999999999999999999999999999999999999.99",
       "999999999999999999999999999999999999.99"},
      {"-999999999999999999999999999999999999.99",
       "-999999999999999999999999999999999999.99"},
      {"1000000000000000000000000000000000000", "out of range"},
      {"1e36", "out of range"},
      {"1e35", "1" + zeros(35) + ".00"},
      {"1" + zeros(200) + "e-200", "1.00"},
      {"0." + zeros(200) + "1e201", "1.00"},
      {"1." + zeros(200), "1.00"},
      {zeros(200) + "1", "1.00"},
      {"0e999999999999999999999999", "0.00"},
      {"1e999999999999999999999999", "out of range"},
      {"1e-999999999999999999999999", "not exact"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(read<arrow::Decimal128>(one.text, 38, 2), one.expected) << one.text;
  }
}

// These come out as 1, or as some other number, where a sum wraps around.
TEST(DecimalText, DoesNotWrapAround) {
  for (const char* text :
       {"340282366920938463463374607431768211457",      // 2^128 + 1
        "-340282366920938463463374607431768211457",     //
        "6277101735386680763835789423207666416102355",  // 2^192 and more
        "99999999999999999999999999999999999999e38"}) {
    EXPECT_EQ(read<arrow::Decimal128>(text, 38, 0), "out of range") << text;
  }
  EXPECT_EQ(read<arrow::Decimal128>("340282366920938463463374607431768211457e-2", 38, 2),
            "out of range");
  EXPECT_EQ(read<arrow::Decimal256>("340282366920938463463374607431768211457", 76, 0),
            "340282366920938463463374607431768211457");
  EXPECT_EQ(read<arrow::Decimal256>("1157920892373161954235709850086879078532699846656405"
                                    "64039457584007913129639937",
                                    76, 0),
            "out of range");  // 2^256 + 1
  EXPECT_EQ(read<arrow::Decimal64>("18446744073709551617", 18, 0), "out of range");
  EXPECT_EQ(read<arrow::Decimal32>("4294967297", 9, 0), "out of range");
  EXPECT_EQ(read<arrow::Decimal32>("-999999999", 9, 0), "-999999999");
}

TEST(DecimalText, RefusesWhatIsNoNumber) {
  for (const char* text : {"", "-", "+", ".", "e5", "1e", "1e+", "1e5x", "--1", "1.2.3",
                           "1,5", " 1", "1 ", "0x10", "nan", "inf", "1_000"}) {
    EXPECT_EQ(read<arrow::Decimal128>(text, 38, 2), "no number") << text;
  }
}

TEST(DecimalText, TakesAScaleBelowZero) {
  EXPECT_EQ(read<arrow::Decimal128>("1200", 2, -2), "1.2E+3");
  EXPECT_EQ(read<arrow::Decimal128>("1250", 2, -2), "not exact");
}

}  // namespace
}  // namespace velo::formats
