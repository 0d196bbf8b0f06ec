#include "velo/sql/script.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <regex>

namespace velo::sql {
namespace {

// Most bytes of a line that a message shows on either side of the caret.
constexpr size_t kShownBefore = 60;
constexpr size_t kShownAfter = 40;

bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

size_t num_characters(std::string_view text) {
  return text.size() - static_cast<size_t>(
                           std::count_if(text.begin(), text.end(), continues_character));
}

// Of `line`, the part before and after the byte at `column` that a message shows.
std::pair<std::string, std::string> shown_parts(std::string_view line, size_t column) {
  size_t begin = column > kShownBefore ? column - kShownBefore : 0;
  while (begin > 0 && continues_character(line[begin])) --begin;
  size_t end = std::min(line.size(), column + kShownAfter);
  while (end < line.size() && continues_character(line[end])) ++end;
  std::string before(begin > 0 ? "…" : "");
  before += line.substr(begin, column - begin);
  std::string after(line.substr(column, end - column));
  if (end < line.size()) after += "…";
  return {std::move(before), std::move(after)};
}

// As wide as `text`: a tab stays a tab.
std::string blanks_for(std::string_view text) {
  std::string blanks;
  for (const char byte : text) {
    if (!continues_character(byte)) blanks += byte == '\t' ? '\t' : ' ';
  }
  return blanks;
}

const std::regex& secrets() {
  static const std::regex the_secrets(
      R"((:)([^:@/'"\n]+)(?=@)|([?&]\w*(?:pass|pwd|secret|token|cred|_key)\w*=)([^&'"\s]+))",
      std::regex::icase);
  return the_secrets;
}

// The line with an asterisk for every byte of a secret: as long as before, so that the
// caret stays right.
std::string with_asterisks(std::string_view line) {
  std::string shown(line);
  for (std::cregex_iterator match(line.begin(), line.end(), secrets()), end; match != end;
       ++match) {
    for (const size_t group : {2, 4}) {
      if (!(*match)[group].matched) continue;
      std::fill_n(shown.begin() + match->position(group), match->length(group), '*');
    }
  }
  return shown;
}

}  // namespace

std::string without_secrets(std::string_view text) {
  std::string shown;
  std::regex_replace(std::back_inserter(shown), text.begin(), text.end(), secrets(),
                     "$1$3***");
  return shown;
}

std::string Script::place_of(size_t offset) const {
  const std::string_view before =
      std::string_view(text_).substr(0, std::min(offset, text_.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t line_begin =
      before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return fmt::format("{}:{}:{}", name_, line,
                     1 + num_characters(before.substr(line_begin)));
}

Status Script::error_at(size_t offset, ErrorKind kind, std::string_view message) const {
  offset = std::min(offset, text_.size());
  // The end of a text is shown on its last line that says something.
  while (offset > 0 && offset == text_.size() && text_[offset - 1] == '\n') --offset;
  const std::string_view text = text_;
  const size_t previous =
      offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  const size_t begin = previous == std::string_view::npos ? 0 : previous + 1;
  std::string_view line = text.substr(begin, text.find('\n', offset) - begin);
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::string shown = with_asterisks(line);
  const auto [before, after] = shown_parts(shown, std::min(offset - begin, line.size()));
  return make_error(
      kind, {.resource = place_of(offset)},
      fmt::format("{}\n  {}{}\n  {}^", message, before, after, blanks_for(before)));
}

}  // namespace velo::sql
