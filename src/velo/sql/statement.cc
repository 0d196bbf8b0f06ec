#include "velo/sql/statement.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "velo/base/utf8.h"
#include "velo/options.h"
#include "velo/sql/lexer.h"

namespace velo::sql {
namespace {

constexpr std::array<std::string_view, 5> kVerbs = {"CREATE", "INSERT", "SELECT",
                                                    "EXPLAIN", "DESCRIBE"};

class StatementParser {
 public:
  StatementParser(std::shared_ptr<const Script> script, std::vector<Token> tokens)
      : script_(std::move(script)), tokens_(std::move(tokens)) {}

  Result<std::vector<Statement>> run() {
    std::vector<Statement> statements;
    while (peek().kind != Token::Kind::kEnd) {
      if (accept(';')) continue;
      ARROW_ASSIGN_OR_RAISE(Statement statement, parse_statement());
      statements.push_back(std::move(statement));
      if (peek().kind != Token::Kind::kEnd && !accept(';')) return expected("';'");
    }
    return statements;
  }

 private:
  const Token& peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  const Token& take() { return tokens_[std::min(at_++, tokens_.size() - 1)]; }
  bool accept(char symbol) { return peek().is_symbol(symbol) && (++at_, true); }
  bool accept(std::string_view keyword) {
    return peek().is_word(keyword) && (++at_, true);
  }

  Status error(const Token& token, std::string_view message) const {
    return script_->error_at(token.begin, ErrorKind::kInvalidArgument, message);
  }
  Status expected(std::string_view what) const {
    const Token& token = peek();
    if (token.kind == Token::Kind::kEnd) {
      return error(token, fmt::format("expected {}, but the text ends here", what));
    }
    const SqlText found{script_, token.begin, token.end};
    return error(token,
                 fmt::format("expected {}, not {}", what, without_secrets(found.text())));
  }
  Status expect(char symbol) {
    return accept(symbol) ? Status::OK() : expected(fmt::format("'{}'", symbol));
  }
  Status expect(std::string_view keyword) {
    return accept(keyword) ? Status::OK() : expected(keyword);
  }

  Result<Statement> parse_statement() {
    Statement statement;
    const size_t begin = peek().begin;
    statement.explain = accept("EXPLAIN");
    if (accept("CREATE")) {
      ARROW_RETURN_NOT_OK(parse_create(statement));
    } else if (accept("INSERT")) {
      statement.kind = Statement::Kind::kInsert;
      ARROW_RETURN_NOT_OK(expect("INTO"));
      ARROW_RETURN_NOT_OK(parse_sinks(statement));
      ARROW_RETURN_NOT_OK(parse_select(statement));
      if (sees_insert()) return expected("';': this statement has its INSERT INTO");
    } else if (peek().is_word("DESCRIBE") && !statement.explain) {
      take();
      ARROW_RETURN_NOT_OK(parse_describe(statement));
    } else {
      ARROW_RETURN_NOT_OK(parse_select(statement));
      if (sees_insert()) {
        return error(
            peek(),
            "INSERT INTO ends a CREATE STREAM; write INSERT INTO sink('…') SELECT …, "
            "or CREATE STREAM name AS SELECT … INSERT INTO sink('…')");
      }
    }
    statement.text = {script_, begin, tokens_[at_ - 1].end};
    return statement;
  }

  Status parse_create(Statement& statement) {
    statement.kind = Statement::Kind::kCreate;
    if (accept("OR")) {
      ARROW_RETURN_NOT_OK(expect("REPLACE"));
      statement.or_replace = true;
    }
    statement.is_table = accept("TABLE");
    if (!statement.is_table && !accept("STREAM")) return expected("STREAM or TABLE");
    if (accept("IF")) {
      ARROW_RETURN_NOT_OK(expect("NOT"));
      ARROW_RETURN_NOT_OK(expect("EXISTS"));
      statement.if_not_exists = true;
    }
    ARROW_ASSIGN_OR_RAISE(statement.name, parse_name("a name"));
    if (accept("WITH")) ARROW_RETURN_NOT_OK(parse_options(statement));
    ARROW_RETURN_NOT_OK(expect("AS"));
    ARROW_RETURN_NOT_OK(parse_select(statement));
    if (!sees_insert()) return Status::OK();
    at_ += 2;
    return parse_sinks(statement);
  }

  Status parse_options(Statement& statement) {
    ARROW_RETURN_NOT_OK(expect('('));
    do {
      PipelineOption option{.begin = peek().begin};
      ARROW_ASSIGN_OR_RAISE(option.name, parse_name("an option's name"));
      for (char& c : option.name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      }
      ARROW_RETURN_NOT_OK(expect('='));
      for (const PipelineOption& given : statement.options) {
        if (given.name != option.name) continue;
        return script_->error_at(option.begin, ErrorKind::kInvalidArgument,
                                 fmt::format("{} is given twice", option.name));
      }
      ARROW_ASSIGN_OR_RAISE(option.value, parse_value());
      statement.options.push_back(std::move(option));
    } while (accept(','));
    return expect(')');
  }

  Result<std::string> parse_value() {
    if (peek().kind == Token::Kind::kString || peek().kind == Token::Kind::kWord) {
      return take().text;
    }
    std::string text = accept('-') ? "-" : "";
    if (peek().kind != Token::Kind::kNumber) return expected("a value");
    text += take().text;
    if (peek().kind == Token::Kind::kWord) text += fmt::format(" {}", take().text);
    return text;
  }

  Result<std::string> parse_name(std::string_view what) {
    if (peek().kind != Token::Kind::kWord && peek().kind != Token::Kind::kQuoted) {
      return expected(what);
    }
    if (peek().text.empty()) return error(peek(), "a name cannot be empty");
    return take().text;
  }

  Status parse_describe(Statement& statement) {
    statement.kind = Statement::Kind::kDescribe;
    if (peek().kind == Token::Kind::kString ||
        (peek().kind == Token::Kind::kWord && peek(1).is_symbol('(') &&
         peek(2).kind == Token::Kind::kString)) {
      ARROW_ASSIGN_OR_RAISE(Address source, parse_address());
      statement.sources.push_back(std::move(source));
      return Status::OK();
    }
    const bool one_word = peek(1).is_symbol(';') || peek(1).kind == Token::Kind::kEnd;
    if (!one_word) return parse_select(statement);
    ARROW_ASSIGN_OR_RAISE(statement.name, parse_name("source('…'), a name or a SELECT"));
    return Status::OK();
  }

  Status parse_sinks(Statement& statement) {
    do {
      ARROW_ASSIGN_OR_RAISE(Address sink, parse_address());
      statement.sinks.push_back(std::move(sink));
    } while (accept(','));
    return Status::OK();
  }

  Result<Address> parse_address() {
    Address address{.uri = {}, .begin = peek().begin};
    if (peek().kind == Token::Kind::kString) {
      const Token& text = take();
      return located(text, parse_uri(text.text), std::move(address));
    }
    if (peek().kind != Token::Kind::kWord || !peek(1).is_symbol('(')) {
      return expected("a system and its address, as in file('out.parquet')");
    }
    const std::string scheme = take().text;
    take();
    if (peek().kind != Token::Kind::kString) return expected("a string in quotes");
    const Token& rest = take();
    ARROW_RETURN_NOT_OK(expect(')'));
    return located(rest, parse_uri(scheme, rest.text), std::move(address));
  }

  Result<Address> located(const Token& token, Result<Uri> uri, Address address) const {
    if (!uri.ok()) {
      return script_->error_at(token.begin, kind_of(uri.status()),
                               uri.status().message());
    }
    address.uri = *std::move(uri);
    return address;
  }

  bool sees_insert() const { return peek().is_word("INSERT") && peek(1).is_word("INTO"); }

  // Everything up to ';' or INSERT INTO that no parenthesis encloses.
  Status parse_select(Statement& statement) {
    const size_t first = at_;
    size_t depth = 0;
    while (peek().kind != Token::Kind::kEnd && !peek().is_symbol(';')) {
      if (depth == 0 && sees_insert()) break;
      const Token& token = take();
      if (token.is_symbol('(')) ++depth;
      if (token.is_symbol(')') && depth-- == 0)
        return error(token, "this ')' closes nothing");
    }
    if (at_ == first) return expected("SELECT");
    const Token& begin = tokens_[first];
    if (statement.kind == Statement::Kind::kSelect && begin.kind == Token::Kind::kWord) {
      ARROW_RETURN_NOT_OK(check_verb(begin));
    }
    statement.select = {script_, begin.begin, tokens_[at_ - 1].end};
    return Status::OK();
  }

  // A statement that is none of ours is better named here than by DuckDB.
  Status check_verb(const Token& token) const {
    for (const std::string_view verb : {"SELECT", "WITH", "FROM", "VALUES"}) {
      if (token.is_word(verb)) return Status::OK();
    }
    std::string given = token.text;
    for (char& c : given) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    const std::string_view nearest = nearest_name(given, kVerbs);
    return error(
        token, fmt::format("a statement begins with CREATE STREAM, INSERT INTO, "
                           "SELECT, EXPLAIN or DESCRIBE{}",
                           nearest.empty() ? std::string()
                                           : fmt::format("; did you mean {}?", nearest)));
  }

  const std::shared_ptr<const Script> script_;
  const std::vector<Token> tokens_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<Statement>> parse_statements(
    const std::shared_ptr<const Script>& script) {
  const size_t bad =
      std::min(find_invalid_utf8(script->text()), script->text().find('\0'));
  if (bad != std::string_view::npos) {
    return make_error(ErrorKind::kInvalidArgument, {.resource = script->place_of(bad)},
                      "this is not text in UTF-8");
  }
  ARROW_ASSIGN_OR_RAISE(auto tokens, tokenize(*script));
  return StatementParser(script, std::move(tokens)).run();
}

}  // namespace velo::sql
