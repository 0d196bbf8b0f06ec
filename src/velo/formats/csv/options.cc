#include "velo/formats/csv/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/formats/time_format.h"

namespace velo::formats {
namespace {

Status refused(std::string_view option, std::string_view value, std::string_view why) {
  return make_error(ErrorKind::kInvalidArgument, {},
                    fmt::format("{}='{}' {}", option, value, why));
}

bool ends_line(char c) { return c == '\n' || c == '\r'; }

// One character that can stand for itself, of those that an option takes.
Result<char> character_of(std::string_view option, std::string_view value,
                          std::string_view advice) {
  if (value == "tab" || value == "\\t") return '\t';
  if (value.size() != 1 || ends_line(value[0]) || value[0] == '\0' || value[0] < 0) {
    return refused(option, value, fmt::format("is not one character; {}", advice));
  }
  return value[0];
}

Status read_header(const OptionValues& values, CsvDialect& dialect) {
  const std::string word = ascii_lower(values.text("header"));
  const auto is_one_of = [&](std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, word) != words.end();
  };
  if (word == "auto") {
    dialect.header = CsvHeader::kAuto;
  } else if (is_one_of({"true", "yes", "on", "1"})) {
    dialect.header = CsvHeader::kYes;
  } else if (is_one_of({"false", "no", "off", "0"})) {
    dialect.header = CsvHeader::kNo;
  } else {
    return refused("header", values.text("header"),
                   "is not one of true, false, auto: whether the first line names the "
                   "columns");
  }
  return Status::OK();
}

Status read_delimiter(const OptionValues& values, char otherwise, CsvDialect& dialect) {
  if (!values.has("delimiter")) {
    dialect.delimiter = otherwise;
    return Status::OK();
  }
  const std::string value = values.text("delimiter");
  dialect.delimiter = std::nullopt;
  if (value == "auto") return Status::OK();
  ARROW_ASSIGN_OR_RAISE(
      dialect.delimiter,
      character_of("delimiter", value, "write delimiter=; or delimiter=tab"));
  if (*dialect.delimiter != '"' || dialect.quote != '"') return Status::OK();
  return refused("delimiter", value, "is what values are quoted with; give quote= too");
}

Status read_quotes(const OptionValues& values, CsvDialect& dialect) {
  const std::string quote = values.text("quote");
  const std::string escape = values.text("escape");
  dialect.quote = std::nullopt;
  if (quote != "none") {
    ARROW_ASSIGN_OR_RAISE(
        dialect.quote,
        character_of("quote", quote, "write quote=' or, for no quotes, quote=none"));
  }
  if (escape == "doubled" || (escape == quote && quote != "none")) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(
      dialect.escape,
      character_of("escape", escape, "write escape=\\ or, for doubled quotes, doubled"));
  return Status::OK();
}

// Each character means one thing.
Status check_characters(const OptionValues& values, const CsvDialect& dialect) {
  if (dialect.quote && dialect.quote == dialect.delimiter) {
    return refused("quote", values.text("quote"), "is the delimiter too");
  }
  if (dialect.escape && dialect.escape == dialect.delimiter) {
    return refused("escape", values.text("escape"), "is the delimiter too");
  }
  if (dialect.trim && (dialect.delimiter == ' ' || dialect.quote == ' ')) {
    return refused("trim", "true", "would take away what stands between values");
  }
  return Status::OK();
}

// Whether a text would be more than one value, or another, where it stands alone.
bool is_cut(std::string_view text, const CsvDialect& dialect) {
  return std::ranges::any_of(
      text, [&](char c) { return ends_line(c) || dialect.delimiter == c; });
}

Status read_comment(const OptionValues& values, CsvDialect& dialect) {
  dialect.comment = values.text("comment");
  if (dialect.comment.empty()) return Status::OK();
  const char first = dialect.comment.front();
  if (is_cut(dialect.comment, dialect) || dialect.quote == first ||
      dialect.escape == first) {
    return refused("comment", dialect.comment,
                   "has a delimiter, a quote or a line break, which begin values");
  }
  return Status::OK();
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  for (size_t comma = 0; comma != std::string_view::npos;) {
    comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return parts;
}

Status read_words(const OptionValues& values, const CsvDialect& dialect,
                  CsvNotation& notation) {
  notation.null_values = split(values.text("null_values"));
  notation.true_values = values.list("true_values");
  notation.false_values = values.list("false_values");
  for (const std::string& word : notation.null_values) {
    if (is_cut(word, dialect) || (dialect.quote && word.starts_with(*dialect.quote))) {
      return refused("null_values", word,
                     "has a delimiter, a quote or a line break, and never stands alone");
    }
    if (!dialect.comment.empty() && word.starts_with(dialect.comment)) {
      return refused("null_values", word, "begins a comment");
    }
    if (dialect.trim && (word.starts_with(' ') || word.ends_with(' '))) {
      return refused("null_values", word,
                     "has a blank at its edge, which trim takes away");
    }
  }
  for (const char* option : {"true_values", "false_values"}) {
    if (!values.list(option).empty()) continue;
    return refused(option, "",
                   "has no word; leave it out for those that it has by itself");
  }
  for (const std::string& word : notation.true_values) {
    if (std::ranges::find(notation.false_values, word) != notation.false_values.end()) {
      return refused("true_values", word, "is among false_values= too");
    }
  }
  return Status::OK();
}

Status read_separators(const OptionValues& values, CsvNotation& notation) {
  notation.decimal_separator = values.text("decimal_separator").front();
  const std::string thousands = values.text("thousands_separator");
  if (thousands.empty() || thousands == "none") return Status::OK();
  if (thousands.size() != 1 ||
      std::string_view(",.'_ ").find(thousands) == std::string_view::npos) {
    return refused("thousands_separator", thousands,
                   "is none of a comma, a point, ', _, a blank");
  }
  if (thousands.front() == notation.decimal_separator) {
    return refused("thousands_separator", thousands, "is the decimal separator too");
  }
  notation.thousands_separator = thousands.front();
  return Status::OK();
}

Status read_time_formats(const OptionValues& values, CsvNotation& notation) {
  const std::pair<std::string_view, std::string*> formats[] = {
      {"date_format", &notation.date_format},
      {"timestamp_format", &notation.timestamp_format}};
  for (const auto& [option, format] : formats) {
    *format = values.text(option);
    if (format->empty()) continue;
    const auto parsed = TimeFormat::parse(*format);
    if (!parsed.ok()) return refused(option, *format, ": " + parsed.status().message());
    if (!parsed->has_date()) return refused(option, *format, "does not say which day");
    if (option == "date_format" && parsed->has_time()) {
      return refused(option, *format, "has a time: that is a timestamp_format");
    }
  }
  return Status::OK();
}

Status read_skip_lines(const OptionValues& values, CsvDialect& dialect) {
  dialect.skip_lines = values.integer("skip_lines").value_or(0);
  if (dialect.skip_lines >= 0) return Status::OK();
  return refused("skip_lines", std::to_string(dialect.skip_lines), "is less than none");
}

// The words of how CSV is written.
std::vector<OptionDescriptor> layout_options() {
  return {
      {.name = "header",
       .default_value = "true",
       .doc = "CSV: the first line names the columns: true, false, or auto, by its looks "
              "(written: true)."},
      {.name = "delimiter",
       .default_value = ",",
       .doc =
           "CSV: the character between two values, or `tab`, as in `.tsv` files where "
           "it is not said; `auto` takes the comma, the tab, the semicolon or the bar, "
           "by the looks (written: a comma)."},
      {.name = "quote",
       .default_value = "\"",
       .doc = "CSV: the character around values that hold a delimiter or a line break; "
              "`none` where there is none."},
      {.name = "escape",
       .default_value = "doubled",
       .doc = "CSV: the character that takes its meaning from the next one; `doubled`: a "
              "quote inside quotes is doubled."},
      {.name = "comment", .doc = "CSV: lines that begin with this are left out."},
      {.name = "skip_lines",
       .type = OptionType::kInt,
       .unit = "lines",
       .default_value = "0",
       .doc = "CSV: lines at the front of the file, before the header, to leave out.",
       .use = OptionUse::kSource},
      {.name = "trim",
       .type = OptionType::kBool,
       .default_value = "false",
       .doc = "CSV: leave out blanks and tabs around values, and around their quotes."},
      {.name = "ragged",
       .type = OptionType::kChoice,
       .default_value = "error",
       .doc = "CSV: a row with too few values is a bad record (error), or its last ones "
              "are NULL (null).",
       .use = OptionUse::kSource,
       .choices = {"error", "null"}},
      {.name = "quote_style",
       .type = OptionType::kChoice,
       .default_value = "needed",
       .doc = "CSV: what is written in quotes: what must be (needed), all text, all that "
              "is not NULL.",
       .use = OptionUse::kSink,
       .choices = {"needed", "text", "all"}},
      {.name = "line_end",
       .type = OptionType::kChoice,
       .default_value = "lf",
       .doc = "CSV: lines are written with lf or crlf at their end; any is read.",
       .use = OptionUse::kSink,
       .choices = {"lf", "crlf"}},
  };
}

// The words of how its values are written.
std::vector<OptionDescriptor> notation_options() {
  return {
      {.name = "null_values",
       .doc = "CSV: texts that stand for NULL where they are not in quotes, with commas "
              "between them; the first is written. By default nothing at all is NULL, "
              "and \"\" is the empty text."},
      {.name = "true_values",
       .type = OptionType::kList,
       .default_value = "true,TRUE,True,t,1",
       .doc = "CSV: texts that stand for true; the first is written."},
      {.name = "false_values",
       .type = OptionType::kList,
       .default_value = "false,FALSE,False,f,0",
       .doc = "CSV: texts that stand for false; the first is written."},
      {.name = "date_format",
       .doc = "CSV: how dates are written, as strptime takes it: %d.%m.%Y. By default "
              "ISO 8601.",
       .use = OptionUse::kSource},
      {.name = "timestamp_format",
       .doc = "CSV: how timestamps are written, as strptime takes it: %m/%d/%Y %I:%M %p. "
              "By default ISO 8601.",
       .use = OptionUse::kSource},
      {.name = "decimal_separator",
       .type = OptionType::kChoice,
       .default_value = ".",
       .doc = "CSV: what stands before the fraction of a number.",
       .use = OptionUse::kSource,
       .choices = {".", ","}},
      {.name = "thousands_separator",
       .doc = "CSV: what stands between groups of three digits of a number: one of "
              ", . ' _ or a blank; by default nothing.",
       .use = OptionUse::kSource},
  };
}

}  // namespace

std::vector<OptionDescriptor> csv_options() {
  std::vector<OptionDescriptor> options = layout_options();
  std::ranges::move(notation_options(), std::back_inserter(options));
  options.push_back(max_record_bytes_option());
  return options;
}

Result<CsvDialect> csv_dialect_of(const OptionValues& values, char default_delimiter) {
  CsvDialect dialect;
  ARROW_ASSIGN_OR_RAISE(dialect.max_record_bytes, max_record_bytes_of(values));
  dialect.block_bytes = std::min(dialect.block_bytes, dialect.max_record_bytes);
  dialect.trim = values.boolean("trim");
  dialect.ragged = values.text("ragged") == "null" ? CsvRagged::kNull : CsvRagged::kError;
  ARROW_RETURN_NOT_OK(read_header(values, dialect));
  ARROW_RETURN_NOT_OK(read_quotes(values, dialect));
  ARROW_RETURN_NOT_OK(read_delimiter(values, default_delimiter, dialect));
  ARROW_RETURN_NOT_OK(check_characters(values, dialect));
  ARROW_RETURN_NOT_OK(read_comment(values, dialect));
  ARROW_RETURN_NOT_OK(read_skip_lines(values, dialect));
  ARROW_RETURN_NOT_OK(read_words(values, dialect, dialect.notation));
  ARROW_RETURN_NOT_OK(read_separators(values, dialect.notation));
  ARROW_RETURN_NOT_OK(read_time_formats(values, dialect.notation));
  const std::string style = values.text("quote_style");
  if (style != "needed") {
    dialect.quote_style = style == "all" ? CsvQuoteStyle::kAll : CsvQuoteStyle::kText;
  }
  if (values.text("line_end") == "crlf") dialect.line_end = "\r\n";
  return dialect;
}

}  // namespace velo::formats
