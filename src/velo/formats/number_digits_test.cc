#include "velo/formats/number_digits.h"

#include <gtest/gtest.h>

#include <charconv>
#include <string>

namespace velo::formats {
namespace {

TEST(DoubleKeeps, WhatComesBackDigitByDigit) {
  for (const char* kept : {"0",
                           "-0",
                           "0.0",
                           "1",
                           "-1.5",
                           "0.1",
                           "1.50",
                           "123456789012345",
                           "999999999999999",
                           "0.000000000000000123456789012345",
                           "0.30000000000000004",
                           "0.10000000000000001",
                           "9007199254740992",
                           "-9007199254740994.0",
                           "1152921504606846976",
                           "100000000000000000000",
                           "1e22",
                           "1E+308",
                           "1.7976931348623157e308",
                           "5e-324",
                           "2.2250738585072014e-308",
                           "1700000000.123456",
                           "1.0000000000000000",
                           "",
                           "x",
                           "2026-01-31T23:59:59.123456",
                           "nan",
                           "12345678901234567 apples"}) {
    EXPECT_TRUE(double_keeps(kept)) << kept;
  }
}

TEST(DoubleKeeps, NotWhatLosesDigits) {
  for (const char* lost :
       {"9007199254740993", "9007199254740993.0", "1700000000.1234568",
        "8999999999.999999", "0.123456789012345678", "1152921504606846977", "1e309",
        "-1e400", "1e-400", "1.23456789e-320", "0.50000000000000000000",
        "12345678901234567.89"}) {
    EXPECT_FALSE(double_keeps(lost)) << lost;
  }
}

// The shortest text of a double, and that of 17 digits, are what programs write.
TEST(DoubleKeeps, EveryDoubleAsItIsPrinted) {
  double value = 1.0;
  for (int i = 0; i < 20'000; ++i) {
    value *= i % 2 == 0 ? 1.0471975511965976 : -1.0123456789;
    char text[64];
    char* end = std::to_chars(text, text + sizeof(text), value).ptr;
    EXPECT_TRUE(double_keeps(std::string(text, end))) << std::string(text, end);
    end =
        std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific, 16)
            .ptr;
    EXPECT_TRUE(double_keeps(std::string(text, end))) << std::string(text, end);
  }
}

std::string fit(std::initializer_list<const char*> numbers) {
  DecimalFit decimals;
  for (const char* number : numbers) decimals.add(number);
  const auto type = decimals.type();
  return type ? type->ToString() : "none";
}

TEST(DecimalFit, HoldsAllDigitsAtOneScale) {
  EXPECT_EQ(fit({}), "decimal128(38, 0)");
  EXPECT_EQ(fit({"0", "-0.00", "007"}), "decimal128(38, 2)");
  EXPECT_EQ(fit({"0.123456789012345678", "12345678901234567890"}), "decimal128(38, 18)");
  EXPECT_EQ(fit({"0.123456789012345678", "-123456789012345678901"}), "none");
  EXPECT_EQ(fit({"1.5e3", "25e-3"}), "decimal128(38, 3)");
  EXPECT_EQ(fit({"1e37"}), "decimal128(38, 0)");
  EXPECT_EQ(fit({"1e38"}), "none");
  EXPECT_EQ(fit({"1e-38"}), "decimal128(38, 38)");
  EXPECT_EQ(fit({"1e999999999999999999999"}), "none");
  EXPECT_EQ(fit({"1e-999999999999999999999"}), "none");
  EXPECT_EQ(fit({"0e99"}), "decimal128(38, 0)");
}

}  // namespace
}  // namespace velo::formats
