#include <arrow/io/memory.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "velo/formats/csv/decoder.h"
#include "velo/formats/csv/record_position.h"
#include "velo/formats/decoded_records.h"

namespace velo::formats {
namespace {

using ::testing::HasSubstr;

struct Outcome {
  std::string order;  // `1 <bad> 3 `, by the first column
  std::vector<BadRecord> bad;
};

Result<Outcome> sift(const std::string& text, CsvDialect dialect = {},
                     DecodeOptions options = {}) {
  options.keep_bad_records = true;
  auto stream =
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(text));
  ARROW_ASSIGN_OR_RAISE(auto decoder,
                        make_csv_decoder({.name = "in.csv", .stream = stream}, dialect,
                                         std::move(options)));
  Outcome outcome;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto decoded, decode_next(*decoder, {}));
    if (!decoded.rows) return outcome;
    EXPECT_GT(decoded.num_records(), 0);
    EXPECT_TRUE(decoded.rows->ValidateFull().ok());
    auto bad = decoded.bad.begin();
    for (int64_t row = 0; row <= decoded.rows->num_rows(); ++row) {
      for (; bad != decoded.bad.end() && bad->num_rows_before == row; ++bad) {
        EXPECT_EQ(text.substr(static_cast<size_t>(bad->offset), bad->record.bytes.size()),
                  bad->record.bytes);
        outcome.order += "<" + bad->record.bytes + ">";
        outcome.bad.push_back(bad->record);
      }
      if (row == decoded.rows->num_rows()) break;
      outcome.order +=
          decoded.rows->column(0)->GetScalar(row).ValueOrDie()->ToString() + " ";
    }
    EXPECT_EQ(bad, decoded.bad.end());
  }
}

DecodeOptions typed() {
  return {.schema = arrow::schema(
              {arrow::field("a", arrow::int64()), arrow::field("b", arrow::utf8())})};
}

std::string order_of(const std::string& text, CsvDialect dialect = {},
                     const DecodeOptions& options = typed()) {
  const auto large = sift(text, dialect, options);
  const std::string order = large.ok() ? large->order : large.status().message();
  for (const int64_t block_bytes : {1, 5, 12}) {
    dialect.block_bytes = block_bytes;
    const auto small = sift(text, dialect, options);
    EXPECT_EQ(small.ok() ? small->order : small.status().message(), order) << block_bytes;
  }
  return order;
}

TEST(CsvBadRecords, AreRaggedOrDoNotFit) {
  const std::pair<const char*, const char*> cases[] = {
      {"1,x\n2\n3,y\n", "1 <2>3 "},
      {"1,x\n2,x,y\n3,y\n", "1 <2,x,y>3 "},
      {"1,x\ntwo,x\n3,y\n", "1 <two,x>3 "},
      {"1,x\r\ntwo,x\r\n\r\n3,y\r\n", "1 <two,x>3 "},
      {"1,x\n2,\xFF\n3,y\n", "1 <2,\xFF>3 "},
      {"two,\xFF\n", "<two,\xFF>"},
      {"1,x\n\"2\n\",\"a\nb\"\n3,\"p\nq\"\n4\n5,", "1 <\"2\n\",\"a\nb\">3 <4>5 "},
      {"0\nzero,x\n1,x\n2\n3,y\nfour,z\n5\n", "<0><zero,x>1 <2>3 <four,z><5>"},
      {"1,x\n2,x,\"y\nz\"\n3,y", "1 <2,x,\"y\nz\">3 "},
      {"1,x\n,y\n2", "1 null <2>"},
  };
  for (const auto& [text, order] : cases) {
    SCOPED_TRACE(text);
    EXPECT_EQ(order_of(std::string("a,b\n") + text), order);
  }
}

TEST(CsvBadRecords, OfOneColumnMayBeEmpty) {
  const DecodeOptions one = {.schema =
                                 arrow::schema({arrow::field("a", arrow::int64())})};
  EXPECT_EQ(order_of("a\n1\n\nx\n4\n", {}, one), "1 null <x>4 ");
}

TEST(CsvBadRecords, SayWhatTheyWouldHaveFailedWith) {
  const auto outcome = sift("a,b\n1,x\n2\nx\xFF,y\n", {}, typed());
  ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
  ASSERT_EQ(outcome->bad.size(), 2U);
  EXPECT_THAT(outcome->bad[0].error.message(),
              HasSubstr("in.csv: line 3, byte 8: the row has 1 columns, the file has 2"));
  EXPECT_EQ(kind_of(outcome->bad[0].error), ErrorKind::kCorruptData);
  EXPECT_THAT(
      outcome->bad[1].error.message(),
      HasSubstr("in.csv: line 4, byte 10: column 'a' is int64, and 'x\xFF' is not"));
  EXPECT_EQ(kind_of(outcome->bad[1].error), ErrorKind::kSchemaMismatch);
}

TEST(CsvBadRecords, LoseDigitsInAnInferredType) {
  const std::string text = "a,b\n1,x\n2,x\n007,x\n4,x\n";
  CsvDialect dialect;
  dialect.block_bytes = 12;  // the sample
  const auto outcome = sift(text, dialect);
  ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
  EXPECT_EQ(outcome->order, "1 2 <007,x>4 ");
}

TEST(CsvBadRecords, AreNotToldApartWithoutAnEnd) {
  EXPECT_THAT(order_of("a,b\n1,x\n2,\"y\n3,z\n"), HasSubstr("a quote in this record"));
}

TEST(CsvBadRecords, MayBeTooLarge) {
  const CsvDialect dialect{.block_bytes = 16, .max_record_bytes = 50};
  const std::string open = "2,\"" + std::string(100, 'x');
  for (const std::string& large : {"2," + std::string(60, 'y'), open + "\"",
                                   open + "\n\"\"\n,\"", open + "\r\n1,a\"z"}) {
    for (const std::string line_break : {"\n", "\r\n"}) {
      for (const bool is_last : {false, true}) {
        const std::string text = "a,b" + line_break + "1,x" + line_break + large +
                                 (is_last ? "" : line_break + "3,z" + line_break);
        SCOPED_TRACE(text);
        const auto outcome = sift(text, dialect, typed());
        ASSERT_TRUE(outcome.ok()) << outcome.status();
        ASSERT_EQ(outcome->bad.size(), 1U);
        const std::string& kept = outcome->bad[0].bytes;
        EXPECT_TRUE(large.starts_with(kept));
        EXPECT_EQ(outcome->order, "1 <" + kept + (is_last ? ">" : ">3 "));
        const size_t offset = 6 + 2 * line_break.size();
        EXPECT_THAT(outcome->bad[0].error.message(),
                    HasSubstr("line 3, byte " + std::to_string(offset) +
                              ": the record is larger than 50 bytes"));
      }
    }
    // Where it is the first, the others say what the columns are.
    const auto first = sift("a,b\n" + large + "\n3,z\n", dialect);
    ASSERT_TRUE(first.ok()) << first.status();
    ASSERT_EQ(first->bad.size(), 1U);
    EXPECT_EQ(first->order, "<" + first->bad[0].bytes + ">3 ");
  }
  const auto fits = sift("a,b\n2," + std::string(48, 'y') + "\n", dialect, typed());
  ASSERT_TRUE(fits.ok()) << fits.status();
  EXPECT_EQ(fits->order, "2 ");
  const auto never_closed = sift("a,b\n1,x\n" + open + "\n3,z\n", dialect, typed());
  EXPECT_THAT(never_closed.status().message(),
              HasSubstr("line 3, byte 8: a quote in this record is not closed"));
}

}  // namespace
}  // namespace velo::formats
