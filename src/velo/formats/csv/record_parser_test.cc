#include "velo/formats/csv/record_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "velo/formats/csv/record_position.h"
#include "velo/formats/csv/record_skipper.h"

namespace velo::formats {
namespace {

using ::testing::ElementsAre;

// `1|"two"|; 3||` for two records of three values, of which one is in quotes.
std::string shown(const CsvRecords& records) {
  std::string text;
  auto broken = records.broken().begin();
  const auto show_broken = [&](int64_t row) {
    for (; broken != records.broken().end() && broken->row == row; ++broken) {
      text += "<" + std::to_string(broken->num_values) + "; ";
    }
  };
  for (int64_t row = 0; row < records.num_rows(); ++row) {
    show_broken(row);
    for (int i = 0; i < records.num_columns(); ++i) {
      CsvColumn column = records.column(i);
      const RawValue& value = column.value(row);
      const std::string quote = value.is_quoted() ? "\"" : "";
      text += value.is_missing() ? "-|"
                                 : quote + std::string(column.text(value)) + quote + "|";
    }
    text += "; ";
  }
  show_broken(records.num_rows());
  return text + (records.open_record() ? "open" : "");
}

std::string parsed(const std::string& text, const CsvDialect& dialect = {},
                   int num_columns = -1) {
  CsvRecords records;
  RecordParser(dialect, num_columns).parse(text, /*is_last=*/true, records);
  return shown(records);
}

TEST(RecordParser, CutsRecords) {
  const struct {
    const char* text;
    const char* records;
  } cases[] = {
      {"a,b\nc,d\n", "a|b|; c|d|; "},
      {"a,b\r\nc,d\r\n", "a|b|; c|d|; "},
      {"a,b\rc,d\r", "a|b|; c|d|; "},
      {"a,b\nc,d\re,f\r\ng,h", "a|b|; c|d|; e|f|; g|h|; "},
      {",\n\n,\n", "||; ||; "},
      {"a\n\nb\n", "a|; |; b|; "},
      {"\"a,b\",\"c\nd\"\n", "\"a,b\"|\"c\nd\"|; "},
      {"\"say \"\"x\"\"\",\"\"\n", "\"say \"x\"\"|\"\"|; "},
      {"5\" disk,a\"b\"\n", "5\" disk|a\"b\"|; "},
      {"a,b\n\"c\"d,e\nf,g", "a|b|; <2; f|g|; "},
      {"a,b\n\"c\" ,e\nf,g", "a|b|; <2; f|g|; "},
      {"a,b\nc\nd,e,f\ng,h", "a|b|; <1; <3; g|h|; "},
      {"a,b\n\"c,d\n", "a|b|; open"},
      {"a,\"b", "open"},
      {"a,\"b\"", "a|\"b\"|; "},
      {"", ""},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.text);
    EXPECT_EQ(parsed(one.text), one.records);
  }
}

TEST(RecordParser, FollowsTheDialect) {
  const CsvDialect escaped{.escape = '\\'};
  EXPECT_EQ(parsed("\"a\\\"b\\\\\",c\\,d\n", escaped), "\"a\"b\\\"|c,d|; ");
  EXPECT_EQ(parsed("\"a\"\"b\",c\n", escaped), "<2; ");
  EXPECT_EQ(parsed("a\\\nb,c\n", {.quote = std::nullopt, .escape = '\\'}), "a\nb|c|; ");
  EXPECT_EQ(parsed("'a,b';\"c\"\n", {.delimiter = ';', .quote = '\''}),
            "\"a,b\"|\"c\"|; ");
  EXPECT_EQ(parsed("\"a,b\"\n", {.quote = std::nullopt}), "\"a|b\"|; ");
  const CsvDialect trimmed{.trim = true};
  EXPECT_EQ(parsed(" a\t, \"b \" ,\t\n", trimmed), "a|\"b \"||; ");
  EXPECT_EQ(parsed("a,b\n   \nc,d\n", trimmed), "a|b|; c|d|; ");
  const CsvDialect commented{.comment = "//"};
  EXPECT_EQ(parsed("//x,\"\na,b\n//\r\n/,//\n// end", commented), "a|b|; /|//|; ");
  EXPECT_EQ(parsed("a,b,c\nd\ne,f\ng,h,i,j\n", {.ragged = CsvRagged::kNull}),
            "a|b|c|; d|-|-|; e|f|-|; <4; ");
}

TEST(RecordParser, LeavesWhatIsNotWhole) {
  CsvRecords records;
  RecordParser parser({}, 2);
  EXPECT_EQ(parser.parse("a,b\nc,d", false, records), 4U);
  EXPECT_EQ(parser.parse("a,b\r", false, records), 0U);
  EXPECT_EQ(parser.parse("a,b\r\n", false, records), 5U);
  EXPECT_EQ(parser.parse("a,\"b\"", false, records), 0U);
  EXPECT_EQ(parser.parse("a,\"b\n", false, records), 0U);
  EXPECT_FALSE(records.open_record());
  EXPECT_EQ(parser.parse("\n\na,", false, records), 2U);
}

TEST(CsvRecords, DropsRows) {
  CsvRecords records;
  const std::string text = "a,1\nb,2\nc,3\nd,4\n";
  RecordParser({}, 2).parse(text, true, records);
  records.drop({0, 2});
  EXPECT_EQ(shown(records), "b|2|; d|4|; ");
  EXPECT_EQ(records.begin(1), 12U);
}

// Draws texts and dialects in which much meets by chance.
class Draw {
 public:
  explicit Draw(uint64_t seed) : state_(seed) {}

  uint64_t below(uint64_t limit) {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    return (state_ >> 33) % limit;
  }
  CsvDialect dialect() {
    CsvDialect dialect;
    if (below(4) == 0) dialect.quote = std::nullopt;
    if (below(3) == 0) dialect.escape = '\\';
    if (below(3) == 0) dialect.comment = below(2) == 0 ? "a" : "xa";
    dialect.trim = below(3) == 0;
    if (below(3) == 0) dialect.ragged = CsvRagged::kNull;
    return dialect;
  }
  std::string text(uint64_t most) {
    std::string text;
    for (uint64_t size = below(most); size > 0; --size)
      text += "\",\r\nax\\ ,\n"[below(10)];
    return text;
  }

 private:
  uint64_t state_;
};

struct Reference {
  struct Value {
    std::string text;
    bool is_quoted = false;
  };
  std::vector<std::vector<Value>> records;  // broken ones too
  bool is_open = false;
};

// The same, one character at a time.
Reference read_slowly(std::string_view text, const CsvDialect& dialect) {
  Reference all;
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  size_t i = 0;
  const auto line_break = [&] { return line_break_size(text.substr(i)); };
  while (i < text.size()) {
    if (!dialect.comment.empty() && text.substr(i).starts_with(dialect.comment)) {
      while (i < text.size() && line_break() == 0) ++i;
      i += line_break();
      continue;
    }
    std::vector<Reference::Value> record;
    while (true) {
      Reference::Value value;
      size_t kept = 0;  // bytes that are not to be trimmed
      size_t at = i;
      while (dialect.trim && at < text.size() && blank(text[at])) ++at;
      if (at < text.size() && dialect.quote == text[at]) {
        value.is_quoted = true;
        for (i = at + 1;; ++i) {
          if (i >= text.size()) {
            all.is_open = true;
            return all;
          }
          if (dialect.escape == text[i] && i + 1 < text.size()) {
            value.text += text[++i];
          } else if (dialect.quote == text[i]) {
            if (dialect.escape || i + 1 >= text.size() || dialect.quote != text[i + 1])
              break;
            value.text += text[++i];
          } else {
            value.text += text[i];
          }
        }
        ++i;
        kept = value.text.size();
        if (dialect.trim) {
          while (i < text.size() && blank(text[i])) ++i;
        }
      } else if (dialect.trim) {
        i = at;
      }
      for (; i < text.size() && text[i] != dialect.delimiter && line_break() == 0; ++i) {
        if (dialect.escape == text[i] && i + 1 < text.size()) {
          value.text += text[++i];
          kept = value.text.size();
        } else {
          value.text += text[i];
        }
      }
      while (dialect.trim && value.text.size() > kept && blank(value.text.back())) {
        value.text.pop_back();
      }
      record.push_back(value);
      if (i >= text.size() || text[i] != dialect.delimiter) break;
      ++i;
    }
    i += line_break();
    all.records.push_back(record);
  }
  return all;
}

std::string shown(const Reference& all, const CsvDialect& dialect, int num_columns) {
  std::string text;
  for (const auto& record : all.records) {
    const int size = static_cast<int>(record.size());
    if (size == 1 && num_columns != 1 && !record[0].is_quoted && record[0].text.empty()) {
      continue;
    }
    if (size > num_columns ||
        (size < num_columns && dialect.ragged == CsvRagged::kError)) {
      text += "<" + std::to_string(size) + "; ";
      continue;
    }
    for (const auto& value : record) {
      const std::string quote = value.is_quoted ? "\"" : "";
      text += quote + value.text + quote + "|";
    }
    for (int i = size; i < num_columns; ++i) text += "-|";
    text += "; ";
  }
  return text + (all.is_open ? "open" : "");
}

bool has_text_behind_quote(const CsvRecords& records) {
  for (const BrokenRecord& one : records.broken()) {
    if (one.fault == BrokenRecord::Fault::kBehindQuote) return true;
  }
  return false;
}

TEST(RecordParser, ReadsWhatAReferenceReads) {
  Draw draw(3);
  for (int time = 0; time < 50'000; ++time) {
    const CsvDialect dialect = draw.dialect();
    const std::string text = draw.text(time % 10 == 0 ? 200 : 16);
    const int num_columns = 1 + static_cast<int>(draw.below(3));
    SCOPED_TRACE(text);
    CsvRecords records;
    RecordParser(dialect, num_columns).parse(text, true, records);
    // What the reference does not know.
    if (has_text_behind_quote(records)) continue;
    ASSERT_EQ(shown(records), shown(read_slowly(text, dialect), dialect, num_columns));
  }
}

TEST(RecordParser, ReadsTheSameInPieces) {
  Draw draw(5);
  for (int time = 0; time < 20'000; ++time) {
    const CsvDialect dialect = draw.dialect();
    const std::string text = draw.text(time % 10 == 0 ? 200 : 16);
    SCOPED_TRACE(text);
    RecordParser parser(dialect, 2);
    CsvRecords records;
    parser.parse(text, true, records);
    const std::string whole = shown(records);
    std::string pieces;
    size_t begin = 0;
    for (size_t end = 0; end < text.size();) {
      end = std::min(text.size(), end + 1 + draw.below(9));
      const bool is_last = end == text.size();
      begin += parser.parse(std::string_view(text).substr(begin, end - begin), is_last,
                            records);
      pieces += shown(records);
    }
    ASSERT_EQ(pieces, whole);
  }
}

TEST(RecordSkipper, SeesRecordsWhereTheParserDoes) {
  Draw draw(11);
  for (int time = 0; time < 50'000; ++time) {
    const CsvDialect dialect = draw.dialect();
    const std::string text = draw.text(time % 10 == 0 ? 200 : 16);
    SCOPED_TRACE(text);
    CsvRecords records;
    const size_t parsed = RecordParser(dialect, 1).parse(text, false, records);
    RecordSkipper skipper(dialect);
    ASSERT_EQ(skipper.skip(text, text.size()), parsed);
    std::vector<size_t> begins;
    for (int64_t row = 0; row < records.num_rows(); ++row) {
      begins.push_back(records.begin(row));
    }
    for (const BrokenRecord& one : records.broken()) begins.push_back(one.begin);
    for (const size_t begin : begins) ASSERT_EQ(skipper.skip(text, begin), begin);
  }
}

// However the text comes, the end of a record is where the parser sees it.
TEST(CsvRecordEnd, IsFoundInPieces) {
  Draw draw(7);
  for (int time = 0; time < 50'000; ++time) {
    CsvDialect dialect = draw.dialect();
    dialect.comment.clear();
    const std::string text = draw.text(12);
    SCOPED_TRACE(text);
    // Of one column, so that an empty line is a record.
    CsvRecords records;
    const size_t parsed = RecordParser(dialect, 1).parse_first(text, false, records);
    const bool is_complete = parsed > 0;
    const RecordExtent extent = find_record(text, dialect);
    if (is_complete) {
      ASSERT_EQ(extent.num_bytes, parsed);
    }
    RecordEnd end(dialect);
    std::optional<size_t> found;
    size_t begin = 0;
    while (begin < text.size() && !found) {
      const auto piece = std::string_view(text).substr(begin, 1 + draw.below(3));
      found = end.find(piece);
      if (!found) begin += piece.size();
    }
    // A line feed might have followed.
    if (!found && extent.is_complete) found = end.find("x");
    ASSERT_EQ(found.has_value(), extent.is_complete);
    if (found) {
      ASSERT_EQ(begin + *found, extent.num_bytes);
    } else {
      ASSERT_EQ(end.is_open(), extent.is_open);
    }
  }
}

}  // namespace
}  // namespace velo::formats
