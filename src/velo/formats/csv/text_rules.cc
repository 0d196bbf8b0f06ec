#include "velo/formats/csv/text_rules.h"

#include <algorithm>

#include "velo/base/ascii.h"

namespace velo::formats {
namespace {

// At the front of a file it would be taken for what it is not, so it is quoted.
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Whether numbers, dates and booleans may have such a character.
bool is_in_values(std::optional<char> c) {
  constexpr std::string_view kOfValues = "+-.: ";
  if (!c) return false;
  const bool is_letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
  return is_letter || (*c >= '0' && *c <= '9') ||
         kOfValues.find(*c) != std::string_view::npos;
}

}  // namespace

CsvTextRules::CsvTextRules(const CsvDialect& dialect)
    : dialect_(dialect), delimiter_(dialect.delimiter.value_or(',')) {
  const CsvNotation defaults;
  const CsvNotation& notation = dialect.notation;
  has_plain_rules_ = notation.null_values == defaults.null_values &&
                     dialect.comment.empty() && !dialect.trim;
  checks_other_values_ =
      !has_plain_rules_ || dialect.quote_style == CsvQuoteStyle::kAll ||
      notation.true_values.front() != "true" ||
      notation.false_values.front() != "false" || is_in_values(delimiter_) ||
      is_in_values(dialect.quote) || is_in_values(dialect.escape);
}

bool CsvTextRules::is_special(char c) const {
  return c == delimiter_ || c == '\n' || c == '\r' || dialect_.quote == c ||
         dialect_.escape == c;
}

bool CsvTextRules::are_plain(std::string_view texts) const {
  if (!has_plain_rules_ || dialect_.quote_style != CsvQuoteStyle::kNeeded) return false;
  for (const char c : {delimiter_, '\n', '\r', dialect_.quote.value_or('\n'),
                       dialect_.escape.value_or('\n')}) {
    if (texts.find(c) != std::string_view::npos) return false;
  }
  return texts.find(kByteOrderMark) == std::string_view::npos;
}

// What makes a text another one, beside special characters.
bool CsvTextRules::is_misread(std::string_view text, bool begins_record) const {
  const auto& nulls = dialect_.notation.null_values;
  if (text.empty()) return dialect_.notation.empty_is_null();
  return (begins_record && text.starts_with(kByteOrderMark)) ||
         (begins_record && !dialect_.comment.empty() &&
          text.starts_with(dialect_.comment)) ||
         (dialect_.trim && (is_blank(text.front()) || is_blank(text.back()))) ||
         std::ranges::find(nulls, text) != nulls.end();
}

Status CsvTextRules::put_text(std::string_view text, bool begins_record,
                              TextBuffer& out) const {
  const bool wants_quotes = dialect_.quote_style != CsvQuoteStyle::kNeeded;
  return put(text, is_misread(text, begins_record), wants_quotes, out);
}

Status CsvTextRules::check_value(size_t begin, bool begins_record,
                                 TextBuffer& out) const {
  const std::string text(out.text().substr(begin));
  out.advance_to(out.room(0) - text.size());
  return put(text, is_misread(text, begins_record),
             dialect_.quote_style == CsvQuoteStyle::kAll, out);
}

Status CsvTextRules::put(std::string_view text, bool is_misread, bool wants_quotes,
                         TextBuffer& out) const {
  const bool has_special =
      std::ranges::any_of(text, [&](char c) { return is_special(c); });
  if (dialect_.quote && (wants_quotes || is_misread || has_special)) {
    put_quoted(text, out);
  } else if (!is_misread && !has_special) {
    out.put(text);
  } else if (dialect_.escape && !text.empty()) {
    put_escaped(text, out);
  } else {
    return make_error(ErrorKind::kSchemaMismatch, {},
                      text.empty() ? "an empty text cannot be told from NULL with "
                                     "quote=none; give null_values="
                                   : "a text would be read as something else with "
                                     "quote=none; give escape=\\ too");
  }
  return Status::OK();
}

void CsvTextRules::put_quoted(std::string_view text, TextBuffer& out) const {
  const char quote = *dialect_.quote;
  char* to = out.room(2 * text.size() + 2);
  *to++ = quote;
  for (const char c : text) {
    if (c == quote || dialect_.escape == c) *to++ = dialect_.escape.value_or(quote);
    *to++ = c;
  }
  *to++ = quote;
  out.advance_to(to);
}

void CsvTextRules::put_escaped(std::string_view text, TextBuffer& out) const {
  char* to = out.room(2 * text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_edge = i == 0 || i + 1 == text.size();
    if (is_edge || is_special(text[i])) *to++ = *dialect_.escape;
    *to++ = text[i];
  }
  out.advance_to(to);
}

}  // namespace velo::formats
