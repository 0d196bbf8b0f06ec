#include "velo/formats/csv/converter.h"

#include <arrow/csv/converter.h>
#include <arrow/csv/options.h>
#include <arrow/csv/parser.h>
#include <arrow/scalar.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "velo/formats/csv/record_parser.h"
#include "velo/formats/time_format.h"

namespace velo::formats {
namespace {

// What one value, as it stands in the text, is; "misfit", or "refused" for the type.
std::string read(const std::shared_ptr<arrow::DataType>& type, const std::string& value,
                 const CsvNotation& notation = {}, bool keeps_digits = false) {
  const std::string text = value + ",\n";
  CsvRecords records;
  RecordParser({}, 2).parse(text, true, records);
  const auto converter = make_csv_converter(type, notation, keeps_digits);
  if (!converter.ok()) return "refused";
  std::vector<int64_t> misfits;
  const auto array = (*converter)->convert(records.column(0), misfits);
  EXPECT_TRUE(array.ok()) << array.status();
  if (!misfits.empty()) return "misfit";
  EXPECT_TRUE((*array)->ValidateFull().ok());
  return (*array)->GetScalar(0).ValueOrDie()->ToString();
}

std::string read_by_arrow(const std::shared_ptr<arrow::DataType>& type,
                          const std::string& value) {
  auto options = arrow::csv::ConvertOptions::Defaults();
  options.null_values = {""};
  options.strings_can_be_null = true;
  options.quoted_strings_can_be_null = false;
  options.true_values = {"true", "TRUE", "True", "t", "1"};
  options.false_values = {"false", "FALSE", "False", "f", "0"};
  arrow::csv::BlockParser parser(arrow::csv::ParseOptions::Defaults(), 2);
  uint32_t size = 0;
  EXPECT_TRUE(parser.ParseFinal(value + ",\n", &size).ok());
  const auto array =
      arrow::csv::Converter::Make(type, options).ValueOrDie()->Convert(parser, 0);
  return array.ok() ? (*array)->GetScalar(0).ValueOrDie()->ToString() : "misfit";
}

// Infinity for what is beyond a float, and more digits than a decimal has.
bool arrow_is_wrong(const arrow::DataType& type, const std::string& value) {
  return (type.id() == arrow::Type::FLOAT && value == "1.7976931348623157e308") ||
         (type.id() == arrow::Type::DECIMAL128 &&
          (value == "32767" || value == "32768" || value == "1e3"));
}

TEST(CsvConverter, ReadsWhatArrowReads) {
  const std::vector<std::shared_ptr<arrow::DataType>> types = {
      arrow::int8(),
      arrow::int16(),
      arrow::int32(),
      arrow::int64(),
      arrow::uint8(),
      arrow::uint64(),
      arrow::float32(),
      arrow::float64(),
      arrow::boolean(),
      arrow::date32(),
      arrow::time32(arrow::TimeUnit::SECOND),
      arrow::time64(arrow::TimeUnit::MICRO),
      arrow::timestamp(arrow::TimeUnit::SECOND),
      arrow::timestamp(arrow::TimeUnit::MICRO),
      arrow::timestamp(arrow::TimeUnit::NANO, "UTC"),
      arrow::decimal128(5, 2),
      arrow::decimal128(38, 10),
      arrow::utf8(),
      arrow::binary(),
  };
  const char* const values[] = {
      "",
      "\"\"",
      "0",
      "-0",
      "1",
      "-1",
      " 7 ",
      "127",
      "128",
      "-128",
      "-129",
      "255",
      "256",
      "32767",
      "32768",
      "2147483647",
      "2147483648",
      "9223372036854775807",
      "9223372036854775808",
      "-9223372036854775808",
      "-9223372036854775809",
      "18446744073709551615",
      "18446744073709551616",
      "99999999999999999999999999",
      "007",
      "1.5",
      "-1.5",
      ".5",
      "5.",
      "1e3",
      "1E-3",
      "1.25e2",
      "0.1",
      "0.30000000000000004",
      "123456789012345.678",
      "12345678901234567890.5",
      "5e-324",
      "1.7976931348623157e308",
      "nan",
      "NaN",
      "inf",
      "-inf",
      "Infinity",
      "true",
      "TRUE",
      "t",
      "f",
      "False",
      "yes",
      "x",
      "-",
      "--1",
      "1 2",
      "1-",
      "1,5",
      "\xFF",
      "é",
      "2026-01-31",
      "2026-02-30",
      "0001-01-01",
      "9999-12-31",
      "26-01-31",
      "2026-1-31",
      "23:59:59",
      "23:59",
      "24:00:00",
      "23:59:59.123456",
      "23:59:59.1234567",
      "2026-01-31 23:59:59",
      "2026-01-31T23:59",
      "2026-01-31 23:59:59.5",
      "2026-01-31 23:59:59.123456789",
      "2026-01-31T23:59:59Z",
      "2026-01-31 23:59:59+02:00",
      "2026-01-31 23:59:59+0230",
      "2026-01-31 25:59:59",
      "1969-12-31 23:59:59",
      "123.45",
      "-123.45",
      "1000.00",
      "12.345",
      "1234567.8901234567",
  };
  for (const auto& type : types) {
    for (const std::string value : values) {
      if (value == "1,5" || arrow_is_wrong(*type, value)) continue;
      SCOPED_TRACE(type->ToString() + " " + value);
      EXPECT_EQ(read(type, value), read_by_arrow(type, value));
    }
  }
}

TEST(CsvConverter, RefusesWhatNumbersAreNot) {
  // Arrow reads these: 31, infinity, 1000.00 in five digits.
  EXPECT_EQ(read(arrow::int32(), "0x1F"), "misfit");
  EXPECT_EQ(read(arrow::float64(), "1e400"), "misfit");
  EXPECT_EQ(read(arrow::float32(), "-1e39"), "misfit");
  EXPECT_EQ(read(arrow::decimal128(5, 2), "1e3"), "misfit");
  EXPECT_EQ(read(arrow::decimal256(50, 10), "1e39"),
            "1000000000000000000000000000000000000000.0000000000");
  EXPECT_EQ(read(arrow::decimal256(50, 10), "1e40"), "misfit");
  // 2^128 + 1, which Arrow takes for 1.
  EXPECT_EQ(read(arrow::decimal128(38, 0), "340282366920938463463374607431768211457"),
            "misfit");
}

// Arrow's validation sees nothing before it is initialized: of one test alone, as ctest
// runs them.
TEST(CsvConverter, ValidatesUtf8WhoeverCameBefore) {
  EXPECT_EQ(read(arrow::utf8(), "caf\xE9"), "misfit");
}

TEST(CsvConverter, KeepsDigits) {
  const std::pair<const char*, const char*> cases[] = {
      {"007", "misfit"},
      {"+1", "misfit"},
      {"-01", "misfit"},
      {"0x1", "misfit"},
      {"0", "0"},
      {"0.5", "0.5"},
      {"-0.5", "-0.5"},
      {"1e-400", "misfit"},
      {"1.50", "1.5"},
      {"0.1000000000000000055", "misfit"},
      {"1700000000.1234568", "misfit"},
      {"0.30000000000000004", "0.30000000000000004"},
  };
  for (const auto& [value, expected] : cases) {
    SCOPED_TRACE(value);
    EXPECT_EQ(read(arrow::float64(), value, {}, /*keeps_digits=*/true), expected);
  }
  EXPECT_EQ(read(arrow::int64(), "007", {}, true), "misfit");
  EXPECT_EQ(read(arrow::decimal128(5, 2), "+1.5", {}, true), "misfit");
}

TEST(CsvConverter, TakesNullFromItsTexts) {
  const CsvNotation notation{.null_values = {"NULL", "\\N"}};
  EXPECT_EQ(read(arrow::utf8(), "NULL", notation), "null");
  EXPECT_EQ(read(arrow::utf8(), "\\N", notation), "null");
  EXPECT_EQ(read(arrow::utf8(), "\"NULL\"", notation), "NULL");
  EXPECT_EQ(read(arrow::utf8(), "", notation), "");
  EXPECT_EQ(read(arrow::int64(), "", notation), "null");
  EXPECT_EQ(read(arrow::int64(), "NULL", notation), "null");
  EXPECT_EQ(read(arrow::int64(), "NA", notation), "misfit");
  EXPECT_EQ(read(arrow::utf8(), "", {.null_values = {"NA", ""}}), "null");
}

TEST(CsvConverter, TakesTruthFromItsTexts) {
  const CsvNotation notation{.true_values = {"ja"}, .false_values = {"nein"}};
  EXPECT_EQ(read(arrow::boolean(), "ja", notation), "true");
  EXPECT_EQ(read(arrow::boolean(), "nein", notation), "false");
  EXPECT_EQ(read(arrow::boolean(), "true", notation), "misfit");
}

TEST(CsvConverter, ReadsNumbersWithSeparators) {
  const CsvNotation german{.decimal_separator = ',', .thousands_separator = '.'};
  const auto decimal = arrow::decimal128(12, 2);
  const std::pair<const char*, const char*> cases[] = {
      {"\"1.234.567,5\"", "1234567.50"},
      {"\"-1.234,5\"", "-1234.50"},
      {"\"1234,5\"", "1234.50"},
      {"1.234", "1234.00"},
      {"\"12.34,5\"", "misfit"},
      {"1.23", "misfit"},
      {".234", "misfit"},
      {"\"1,234.5\"", "misfit"},
      {"1234.567", "misfit"},
      {"\"1.234,5,6\"", "misfit"},
  };
  for (const auto& [value, expected] : cases) {
    SCOPED_TRACE(value);
    EXPECT_EQ(read(decimal, value, german), expected);
  }
  EXPECT_EQ(read(arrow::int64(), "1 234 567", {.thousands_separator = ' '}), "1234567");
  EXPECT_EQ(read(arrow::int64(), "1.5", {.decimal_separator = ','}), "misfit");
  EXPECT_EQ(read(arrow::float64(), "1.5", {.decimal_separator = ','}), "misfit");
  EXPECT_EQ(read(arrow::float64(), "\"1,5\"", {.decimal_separator = ','}), "1.5");
}

TEST(CsvConverter, ReadsTimesInTheirFormat) {
  const auto timestamp = arrow::timestamp(arrow::TimeUnit::MICRO);
  const CsvNotation american{.date_format = "%m/%d/%Y",
                             .timestamp_format = "%m/%d/%Y %I:%M %p"};
  EXPECT_EQ(read(arrow::date32(), "1/31/2026", american), "2026-01-31");
  EXPECT_EQ(read(arrow::date32(), "2026-01-31", american), "misfit");
  EXPECT_EQ(read(timestamp, "01/31/2026 12:05 AM", american),
            "2026-01-31 00:05:00.000000");
  EXPECT_EQ(read(timestamp, "01/31/2026 1:05 pm", american),
            "2026-01-31 13:05:00.000000");
  EXPECT_EQ(read(timestamp, "01/31/2026 13:05 PM", american), "misfit");
  EXPECT_EQ(read(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "01/31/2026 1:05 PM",
                 american),
            "refused");
  const CsvNotation zoned{.timestamp_format = "%d %b %Y %T.%f%z"};
  EXPECT_EQ(read(arrow::timestamp(arrow::TimeUnit::MILLI, "UTC"),
                 "31 January 2026 23:00:00.250-02:00", zoned),
            "2026-02-01 01:00:00.250Z");
  EXPECT_EQ(read(arrow::timestamp(arrow::TimeUnit::MILLI, "UTC"),
                 "31 Jan 2026 23:00:00.0001Z", zoned),
            "misfit");
}

TEST(CsvConverter, ReadsFractionsBefore1970) {
  const auto timestamp = arrow::timestamp(arrow::TimeUnit::MILLI, "UTC");
  const CsvNotation seconds{.timestamp_format = "%s.%f"};
  EXPECT_EQ(read(timestamp, "1.5", seconds), "1970-01-01 00:00:01.500Z");
  EXPECT_EQ(read(timestamp, "-0.5", seconds), "1969-12-31 23:59:59.500Z");
  EXPECT_EQ(read(timestamp, "-1.5", seconds), "1969-12-31 23:59:58.500Z");
  EXPECT_EQ(read(timestamp, "-1.000", seconds), "1969-12-31 23:59:59.000Z");
  // Of other dates the fraction always goes forward.
  EXPECT_EQ(read(arrow::timestamp(arrow::TimeUnit::MILLI), "1969-12-31 23:59:58.500",
                 {.timestamp_format = "%F %T.%f"}),
            "1969-12-31 23:59:58.500");
}

TEST(TimeFormat, IsStrict) {
  const auto read_as = [](const char* format, const char* text) -> std::string {
    const auto parsed = TimeFormat::parse(format);
    if (!parsed.ok()) return parsed.status().message();
    const auto moment = parsed->read(text);
    return moment ? std::to_string(moment->seconds) : "no";
  };
  EXPECT_EQ(read_as("%Y%m%d", "19700102"), "86400");
  EXPECT_EQ(read_as("%Y%m%d", "1970012"), "no");
  EXPECT_EQ(read_as("%Y-%m-%d", "1970-1-2"), "86400");
  EXPECT_EQ(read_as("%Y-%m-%d", "1970-01-02 "), "no");
  EXPECT_EQ(read_as("%Y-%m-%d", "1970-02-29"), "no");
  EXPECT_EQ(read_as("%d%%%m%%%y", "02%01%70"), "86400");
  EXPECT_EQ(read_as("%A, %e %B %Y", "Friday, 2 January 1970"), "86400");
  EXPECT_EQ(read_as("%Y %j", "1970 2"), "86400");
  EXPECT_EQ(read_as("%Y %j", "1970 366"), "no");
  EXPECT_EQ(read_as("%s", "-1"), "-1");
  EXPECT_EQ(read_as("%F %T%z", "1970-01-01 01:00:00+01"), "0");
  EXPECT_THAT(read_as("%Q", ""), ::testing::HasSubstr("%Q is not known"));
  EXPECT_THAT(read_as("%Y%y", ""), ::testing::HasSubstr("what is said before"));
  EXPECT_THAT(read_as("%I", ""), ::testing::HasSubstr("%I and %p belong together"));
  EXPECT_THAT(read_as("%Y%", ""), ::testing::HasSubstr("in the middle of a %"));
}

}  // namespace
}  // namespace velo::formats
