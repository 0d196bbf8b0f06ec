#include "velo/formats/csv/record_finder.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "velo/base/line_count.h"
#include "velo/formats/csv/decoder.h"
#include "velo/formats/decoded_records.h"

namespace velo::formats {
namespace {

using File = std::shared_ptr<arrow::io::BufferReader>;

File file_of(const std::string& text) {
  return std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(text));
}

// Rows and bad records, and where each bad one stands; or the error.
std::string decode(Input input, const CsvDialect& dialect, const DecodeOptions& options) {
  auto decoder = make_csv_decoder(std::move(input), dialect, options);
  if (!decoder.ok()) return decoder.status().message();
  std::string shown;
  while (true) {
    auto decoded = decode_next(**decoder, {});
    if (!decoded.ok()) return shown + decoded.status().message();
    if (!decoded->rows) return shown;
    auto bad = decoded->bad.begin();
    for (int64_t row = 0; row <= decoded->rows->num_rows(); ++row) {
      for (; bad != decoded->bad.end() && bad->num_rows_before == row; ++bad) {
        shown += "<" + bad->record.error.message() + ">";
      }
      if (row == decoded->rows->num_rows()) break;
      for (const auto& column : decoded->rows->columns()) {
        shown += column->GetScalar(row).ValueOrDie()->ToString() + "|";
      }
      shown += ";";
    }
  }
}

std::string decode_part(const std::string& text, int64_t begin, int64_t end,
                        const CsvDialect& dialect, const DecodeOptions& options) {
  const auto before = std::string_view(text).substr(0, static_cast<size_t>(begin));
  Part part{
      .offset = begin,
      .is_last = end == static_cast<int64_t>(text.size()),
      .lines_before = [before]() -> Result<int64_t> { return count_lines(before); }};
  const std::string bytes =
      text.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
  return decode({.name = "in.csv",
                 .stream = file_of(bytes),
                 .file = file_of(text),
                 .part = std::move(part)},
                dialect, options);
}

// A table whose values hold all that could be taken for something else.
std::string draw_table(std::mt19937& random, const CsvDialect& dialect) {
  const char* const values[] = {"1", "x",    "\"a\nb\"", "\"a,\"\"b\"\"\"", "5\" y",
                                "",  "\"\"", "\"\n\n\"", "\"a\r\nb\"",      "#"};
  const char* const ends[] = {"\n", "\n", "\r\n", "\r"};
  std::string text = dialect.header == CsvHeader::kNo ? "p,q\n" : "a,b\n";
  for (int row = 0; row < 20; ++row) {
    if (random() % 9 == 0) text += "# a \"comment\n";
    text += values[random() % std::size(values)];
    if (random() % 12 != 0)
      text += std::string(",") + values[random() % std::size(values)];
    text += ends[random() % std::size(ends)];
  }
  return text;
}

TEST(CsvRecordFinder, LetsPartsHaveAllRecordsOnce) {
  std::mt19937 random(1);
  const DecodeOptions options = {
      .schema = arrow::schema(
          {arrow::field("a", arrow::utf8()), arrow::field("b", arrow::utf8())}),
      .keep_bad_records = true};
  for (int time = 0; time < 200; ++time) {
    CsvDialect dialect{.comment = "#", .block_bytes = 64};
    if (time % 3 == 0) dialect.header = CsvHeader::kNo;
    if (time % 5 == 0) dialect.quote = std::nullopt;
    const std::string text = draw_table(random, dialect);
    SCOPED_TRACE(text);
    const auto size = static_cast<int64_t>(text.size());
    const std::string whole =
        decode({.name = "in.csv", .stream = file_of(text)}, dialect, options);
    const File file = file_of(text);
    const auto finder = make_csv_record_finder(*file, dialect);
    ASSERT_TRUE(finder.ok()) << finder.status();
    ASSERT_NE(*finder, nullptr);
    for (const int64_t part_bytes : {int64_t{7}, int64_t{30}, int64_t{100}}) {
      std::string parts;
      for (int64_t from = 0; from < size; from += part_bytes) {
        const int64_t begin = (*finder)->find(*file, from).ValueOrDie();
        const int64_t to = std::min(from + part_bytes, size);
        const int64_t end = to == size ? size : (*finder)->find(*file, to).ValueOrDie();
        ASSERT_EQ(begin, (*finder)->find(*file, from).ValueOrDie());
        ASSERT_LE(begin, end);
        if (begin < end) parts += decode_part(text, begin, end, dialect, options);
      }
      ASSERT_EQ(parts, whole) << part_bytes;
    }
  }
}

TEST(CsvRecordFinder, FindsTheSameInAnyOrder) {
  const std::string text = "a,b\n1,\"x\ny\"\n2,z\n";
  const File file = file_of(text);
  const auto forth = make_csv_record_finder(*file, {}).ValueOrDie();
  const auto back = make_csv_record_finder(*file, {}).ValueOrDie();
  const auto size = static_cast<int64_t>(text.size());
  std::vector<int64_t> found;
  for (int64_t from = 0; from <= size; ++from) {
    found.push_back(forth->find(*file, from).ValueOrDie());
  }
  for (int64_t from = size; from >= 0; --from) {
    EXPECT_EQ(back->find(*file, from).ValueOrDie(), found[static_cast<size_t>(from)]);
  }
  EXPECT_EQ(found[5], 12);  // not the 9 behind the line break in quotes
}

// Each end of a part is the next one's begin; where the last record has no end, all of
// the others are at it. What is no more read may be something else by then.
TEST(CsvRecordFinder, ReadsWhatItHasReadNoMore) {
  for (const bool is_closed : {true, false}) {
    std::string text =
        is_closed ? "a,b\n1,\"xxxxxxxxxxxx\"\n2,y\n" : "a,b\n1,\"xxxxxxxxxxxx";
    const auto found = static_cast<int64_t>(is_closed ? text.find("2,y") : text.size());
    const File file = std::make_shared<arrow::io::BufferReader>(
        std::make_shared<arrow::Buffer>(std::string_view(text)));
    const auto finder = make_csv_record_finder(*file, {}).ValueOrDie();
    EXPECT_EQ(finder->find(*file, 6).ValueOrDie(), found);
    std::ranges::copy(std::string_view("\"\n3,\""), text.begin() + 8);
    for (const int64_t from : {int64_t{6}, int64_t{9}, found}) {
      EXPECT_EQ(finder->find(*file, from).ValueOrDie(), found) << from;
    }
  }
}

TEST(CsvRecordFinder, LeavesWhatHasNoRowWhole) {
  EXPECT_EQ(make_csv_record_finder(*file_of(""), {}).ValueOrDie(), nullptr);
  EXPECT_EQ(make_csv_record_finder(*file_of("a,\"b\n"), {}).ValueOrDie(), nullptr);
}

TEST(CsvRecordFinder, StepsOverLongRecords) {
  const std::string text = "a,b\n1,\"" + std::string(3 << 20, '\n') + "\"\n2,x\n3,y";
  const File file = file_of(text);
  const auto finder = make_csv_record_finder(*file, {}).ValueOrDie();
  const auto size = static_cast<int64_t>(text.size());
  EXPECT_EQ(finder->find(*file, 5).ValueOrDie(), size - 7);
  EXPECT_EQ(finder->find(*file, size - 6).ValueOrDie(), size - 3);
  EXPECT_EQ(finder->find(*file, size - 2).ValueOrDie(), size);
}

}  // namespace
}  // namespace velo::formats
