#include "velo/sql/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace velo::sql {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) > 127;
}
bool continues_word(char c) { return starts_word(c) || is_digit(c) || c == '$'; }

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

class Lexer {
 public:
  explicit Lexer(const Script& script) : script_(script), text_(script.text()) {}

  Result<std::vector<Token>> run() {
    std::vector<Token> tokens;
    while (true) {
      ARROW_RETURN_NOT_OK(skip());
      Token token{.begin = at_};
      if (at_ < text_.size()) ARROW_RETURN_NOT_OK(read(token));
      token.end = at_;
      tokens.push_back(std::move(token));
      if (tokens.back().kind == Token::Kind::kEnd) return tokens;
    }
  }

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool sees(std::string_view what) const { return text_.substr(at_).starts_with(what); }

  Status skip() {
    while (at_ < text_.size()) {
      if (is_space(peek())) {
        ++at_;
      } else if (sees("--")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (sees("/*")) {
        ARROW_RETURN_NOT_OK(skip_comment());
      } else {
        break;
      }
    }
    return Status::OK();
  }

  Status skip_comment() {
    const size_t begin = at_;
    size_t depth = 0;
    while (at_ < text_.size()) {
      if (sees("/*")) {
        ++depth;
        at_ += 2;
      } else if (sees("*/")) {
        at_ += 2;
        if (--depth == 0) return Status::OK();
      } else {
        ++at_;
      }
    }
    return endless(begin, "comment", "*/");
  }

  Status read(Token& token) {
    const char c = peek();
    if (c == '\'') return read_quoted(token, Token::Kind::kString, '\'', "string");
    if (c == '"') return read_quoted(token, Token::Kind::kQuoted, '"', "quoted name");
    if ((c == 'e' || c == 'E') && peek(1) == '\'') return read_escaped(token);
    if (c == '$' && dollar_tag() > 0) return read_dollar(token);
    if (starts_word(c)) {
      take_while(token, Token::Kind::kWord, continues_word);
    } else if (is_digit(c)) {
      take_while(token, Token::Kind::kNumber,
                 [](char d) { return continues_word(d) || d == '.'; });
    } else {
      token.kind = Token::Kind::kSymbol;
      token.text = c;
      ++at_;
    }
    return Status::OK();
  }

  template <typename Predicate>
  void take_while(Token& token, Token::Kind kind, Predicate belongs) {
    token.kind = kind;
    while (at_ < text_.size() && belongs(text_[at_])) token.text += text_[at_++];
  }

  Status read_quoted(Token& token, Token::Kind kind, char quote, std::string_view what) {
    token.kind = kind;
    for (++at_; at_ < text_.size(); ++at_) {
      if (peek() == quote && peek(1) == quote) {
        ++at_;
      } else if (peek() == quote) {
        ++at_;
        return Status::OK();
      }
      token.text += peek();
    }
    return endless(token.begin, what, std::string(1, quote));
  }

  // Only its end matters here: DuckDB reads the escapes of a SELECT's strings.
  Status read_escaped(Token& token) {
    token.kind = Token::Kind::kString;
    for (at_ += 2; at_ < text_.size(); ++at_) {
      if (peek() == '\\') {
        ++at_;
      } else if (peek() == '\'' && peek(1) == '\'') {
        ++at_;
      } else if (peek() == '\'') {
        ++at_;
        return Status::OK();
      }
      token.text += peek();
    }
    at_ = text_.size();
    return endless(token.begin, "string", "'");
  }

  // The length of "$tag$" here, 0 if there is none.
  size_t dollar_tag() const {
    if (is_digit(peek(1))) return 0;
    size_t length = 1;
    while (starts_word(peek(length)) || is_digit(peek(length))) ++length;
    return peek(length) == '$' ? length + 1 : 0;
  }

  Status read_dollar(Token& token) {
    token.kind = Token::Kind::kString;
    const std::string_view tag = text_.substr(at_, dollar_tag());
    const size_t begin = at_ + tag.size();
    const size_t end = text_.find(tag, begin);
    if (end == std::string_view::npos) {
      at_ = text_.size();
      return endless(token.begin, "string", tag);
    }
    token.text = text_.substr(begin, end - begin);
    at_ = end + tag.size();
    return Status::OK();
  }

  Status endless(size_t begin, std::string_view what, std::string_view end) const {
    return script_.error_at(
        begin, ErrorKind::kInvalidArgument,
        fmt::format("this {} does not end: {} is missing", what, end));
  }

  const Script& script_;
  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

bool Token::is_word(std::string_view keyword) const {
  return kind == Kind::kWord &&
         std::equal(text.begin(), text.end(), keyword.begin(), keyword.end(),
                    [](char left, char right) { return upper(left) == right; });
}

Result<std::vector<Token>> tokenize(const Script& script) { return Lexer(script).run(); }

}  // namespace velo::sql
