#include "velo/sql/canonical_text.h"

#include <algorithm>
#include <array>
#include <vector>

#include "velo/sql/lexer.h"

namespace velo::sql {
namespace {

// Those that are written in either case; other words may be names.
constexpr std::array<std::string_view, 40> kKeywords = {
    "ALL",   "AND",    "AS",     "ASC",  "BETWEEN", "BY",     "CASE",  "CAST",
    "CROSS", "DESC",   "ELSE",   "END",  "EXISTS",  "EXCEPT", "FALSE", "FROM",
    "FULL",  "GROUP",  "HAVING", "IN",   "INNER",   "IS",     "JOIN",  "LEFT",
    "LIKE",  "LIMIT",  "NOT",    "NULL", "ON",      "OR",     "ORDER", "OUTER",
    "RIGHT", "SELECT", "THEN",   "TRUE", "UNION",   "WHEN",   "WHERE", "WITH"};

constexpr std::array<std::string_view, 20> kOperators = {
    "->>", "!~~", "!~*", "...", ">=", "<=", "<>", "!=", "||", "::",
    "->",  "=>",  ":=",  "==",  "**", "//", "~~", "!~", "<<", ">>"};

bool is_sign(const Token& token) { return token.kind == Token::Kind::kSymbol; }

// How many tokens from this one on are one operator: several signs side by side.
size_t length_of_operator(const std::vector<Token>& tokens, size_t at) {
  for (const std::string_view name : kOperators) {
    size_t length = 0;
    while (length < name.size() && tokens[at + length].is_symbol(name[length]) &&
           tokens[at + length].begin == tokens[at].begin + length) {
      ++length;
    }
    if (length == name.size()) return length;
  }
  return 1;
}

std::string text_of(const Token& token, std::string_view written) {
  if (token.kind == Token::Kind::kString) return without_secrets(written);
  const auto* keyword = std::ranges::find_if(
      kKeywords, [&](std::string_view name) { return token.is_word(name); });
  return std::string(keyword != kKeywords.end() ? *keyword : written);
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> those) {
  return std::ranges::find(those, text) != those.end();
}

}  // namespace

std::string canonical_text(const SqlText& text) {
  const Script script("", std::string(text.text()));
  const auto tokens = tokenize(script);
  if (!tokens.ok()) return std::string(text.text());
  std::string canonical;
  std::string_view before = "(";  // what stands last
  bool after_word = false;
  for (size_t at = 0; (*tokens)[at].kind != Token::Kind::kEnd;) {
    const Token& token = (*tokens)[at];
    const size_t length = is_sign(token) ? length_of_operator(*tokens, at) : 1;
    const size_t end = (*tokens)[at + length - 1].end;
    const auto written = script.text().substr(token.begin, end - token.begin);
    const bool is_tight = is_one_of(before, {"(", "[", ".", "::"}) ||
                          is_one_of(written, {")", "]", ".", "::", ","}) ||
                          (after_word && is_one_of(written, {"(", "["}));
    if (!is_tight) canonical += ' ';
    canonical += text_of(token, written);
    before = is_sign(token) ? written : std::string_view();
    after_word = token.kind == Token::Kind::kWord;
    at += length;
  }
  return canonical;
}

}  // namespace velo::sql
