#include "velo/formats/csv/record_parser.h"

#include <limits>
#include <utility>

namespace velo::formats {
namespace {

constexpr size_t kNone = std::numeric_limits<size_t>::max();

int code_of(std::optional<char> c) { return c ? static_cast<unsigned char>(*c) : -1; }

bool is(char c, int code) { return static_cast<unsigned char>(c) == code; }

bool is_blank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

// Where the parser is.
struct RecordParser::Progress {
  SpecialBytes specials;
  size_t record = 0;        // where it begins
  size_t value = 0;         // where it begins
  size_t floor = 0;         // special bytes before it mean nothing
  size_t first_value = 0;   // of the record, in CsvRecords
  bool is_special = false;  // the value is not as plain as it could be: one of these
  bool is_escaped = false;
  bool is_quoted = false;  // from `quoted` to `quoted_end`, and nothing is behind it
  size_t quoted = 0;
  size_t quoted_end = 0;
  bool is_broken = false;  // the record
  bool is_open = false;    // the text ends in quotes
};

RecordParser::RecordParser(const CsvDialect& dialect, int num_columns)
    : dialect_(dialect),
      num_columns_(num_columns),
      delimiter_(dialect.delimiter.value_or(',')),
      quote_(code_of(dialect.quote)),
      escape_(code_of(dialect.escape)),
      specials_{delimiter_, '\n', '\r', dialect.quote.value_or('\n'),
                dialect.escape.value_or('\n')} {}

size_t RecordParser::parse(std::string_view text, bool is_last, CsvRecords& records) {
  return parse(text, is_last, kNone, records);
}

size_t RecordParser::parse_first(std::string_view text, bool is_last,
                                 CsvRecords& records) {
  return parse(text, is_last, 1, records);
}

size_t RecordParser::parse(std::string_view text, bool is_last, size_t most_records,
                           CsvRecords& records) {
  records.num_columns_ = num_columns_;
  records.text_ = text;
  records.escapes_ = {dialect_.quote, dialect_.escape};
  records.values_.clear();
  records.begins_.clear();
  records.broken_.clear();
  records.open_record_.reset();
  Progress progress{.specials = SpecialBytes(text, specials_)};
  bool in_comment = is_comment(text, 0);
  while (true) {
    const size_t at = progress.specials.next();
    if (at == text.size()) break;
    if (at < progress.floor) continue;
    const char c = text[at];
    if (c == delimiter_) {
      if (in_comment) continue;
      add_value(text, at, progress, records);
      progress.value = at + 1;
    } else if (c == '\n' || c == '\r') {
      size_t next = at + 1;
      if (c == '\r') {
        // Its line feed may be yet to come.
        if (next == text.size() && !is_last) break;
        if (next < text.size() && text[next] == '\n') ++next;
      }
      if (!in_comment) end_record(text, at, progress, records);
      progress.record = progress.value = progress.floor = next;
      if (records.begins_.size() + records.broken_.size() >= most_records) return next;
      in_comment = is_comment(text, next);
    } else if (in_comment) {
      continue;
    } else if (is(c, escape_)) {
      progress.floor = at + 2;
      progress.is_special = progress.is_escaped = true;
    } else if (is_value_start(text, progress.value, at)) {
      if (!read_quoted(text, at, progress)) break;
    }
  }
  if (is_last && !progress.is_open && progress.record < text.size()) {
    if (!in_comment) end_record(text, text.size(), progress, records);
    return text.size();
  }
  records.values_.resize(progress.first_value);
  if (is_last && progress.is_open) records.open_record_ = progress.record;
  return progress.record;
}

bool RecordParser::is_comment(std::string_view text, size_t at) const {
  return !dialect_.comment.empty() && text.substr(at).starts_with(dialect_.comment);
}

bool RecordParser::is_value_start(std::string_view text, size_t value, size_t at) const {
  if (at == value) return true;
  if (!dialect_.trim) return false;
  while (value < at && is_blank(text[value])) ++value;
  return value == at;
}

size_t RecordParser::find_closing_quote(std::string_view text, Progress& progress) const {
  while (true) {
    const size_t at = progress.specials.next();
    if (at == text.size()) return kNone;
    if (at < progress.floor) continue;
    const char c = text[at];
    if (is(c, escape_)) {
      progress.floor = at + 2;
      progress.is_escaped = true;
    } else if (is(c, quote_)) {
      const bool is_doubled =
          escape_ < 0 && at + 1 < text.size() && is(text[at + 1], quote_);
      if (!is_doubled) return at;
      progress.floor = at + 2;
      progress.is_escaped = true;
    }
  }
}

// Steps over a value in quotes, up to what ends it; false where the text ends before.
bool RecordParser::read_quoted(std::string_view text, size_t at,
                               Progress& progress) const {
  progress.is_special = true;
  const size_t end = find_closing_quote(text, progress);
  progress.is_open = end == kNone;
  if (progress.is_open) return false;
  size_t behind = end + 1;
  while (dialect_.trim && behind < text.size() && text[behind] != delimiter_ &&
         is_blank(text[behind])) {
    ++behind;
  }
  if (behind == text.size() || text[behind] == delimiter_ || text[behind] == '\n' ||
      text[behind] == '\r') {
    progress.is_quoted = true;
    progress.quoted = at + 1;
    progress.quoted_end = end;
  } else {
    progress.is_broken = true;
  }
  progress.floor = end + 1;
  return true;
}

void RecordParser::add_value(std::string_view text, size_t end, Progress& progress,
                             CsvRecords& records) const {
  if (!progress.is_special && !dialect_.trim) {
    records.values_.emplace_back(progress.value, end - progress.value, false, false);
    return;
  }
  size_t begin = progress.value;
  if (progress.is_quoted) {
    begin = progress.quoted;
    end = progress.quoted_end;
  } else if (dialect_.trim) {
    while (begin < end && is_blank(text[begin])) ++begin;
    // What an escape stands before is no blank.
    while (begin < end && end > progress.floor && is_blank(text[end - 1])) --end;
  }
  records.values_.emplace_back(begin, end - begin, progress.is_quoted,
                               progress.is_escaped);
  progress.is_special = progress.is_escaped = progress.is_quoted = false;
}

void RecordParser::end_record(std::string_view text, size_t end, Progress& progress,
                              CsvRecords& records) const {
  add_value(text, end, progress, records);
  const size_t num_values = records.values_.size() - progress.first_value;
  const bool is_broken = std::exchange(progress.is_broken, false);
  if (records.num_columns_ < 0 && !is_broken) {
    records.num_columns_ = static_cast<int>(num_values);
  }
  const auto num_columns = static_cast<size_t>(records.num_columns_);
  const bool is_empty_line =
      num_values == 1 && num_columns != 1 && records.values_.back().is_nothing();
  const bool is_padded =
      !is_broken && num_values < num_columns && dialect_.ragged == CsvRagged::kNull;
  if (is_empty_line || is_broken || (num_values != num_columns && !is_padded)) {
    records.values_.resize(progress.first_value);
    if (is_empty_line) return;
    records.broken_.push_back({.fault = is_broken ? BrokenRecord::Fault::kBehindQuote
                                                  : BrokenRecord::Fault::kRagged,
                               .row = records.num_rows(),
                               .begin = progress.record,
                               .num_values = num_values});
    return;
  }
  if (is_padded) {
    records.values_.resize(progress.first_value + num_columns, RawValue::missing());
  }
  progress.first_value = records.values_.size();
  records.begins_.push_back(static_cast<uint32_t>(progress.record));
}

}  // namespace velo::formats
