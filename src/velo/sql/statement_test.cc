#include "velo/sql/statement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "velo/sql/lexer.h"

namespace velo::sql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

Result<std::vector<Statement>> parse(std::string text) {
  return parse_statements(std::make_shared<const Script>("a.sql", std::move(text)));
}

Statement parse_one(std::string text) {
  auto statements = parse(std::move(text));
  EXPECT_TRUE(statements.ok()) << statements.status().message();
  if (!statements.ok() || statements->size() != 1) return {};
  return statements->front();
}

std::string error_of(std::string text) {
  const auto statements = parse(std::move(text));
  EXPECT_EQ(kind_of(statements.status()), ErrorKind::kInvalidArgument);
  return statements.status().message();
}

std::vector<std::string> words(const std::string& text) {
  const auto tokens = tokenize(Script("a.sql", text));
  std::vector<std::string> words;
  if (!tokens.ok()) return {tokens.status().message()};
  for (const Token& token : *tokens) {
    if (token.kind != Token::Kind::kEnd) words.push_back(token.text);
  }
  return words;
}

TEST(Lexer, ReadsQuotes) {
  EXPECT_THAT(words("'it''s' \"a \"\"b\"\"\" e'x\\'y' $$a'b$$ $t$ $$ $t$ $1"),
              ElementsAre("it's", "a \"b\"", "x'y", "a'b", " $$ ", "$", "1"));
}

TEST(Lexer, SkipsComments) {
  EXPECT_THAT(words("a -- b\nc /* d /* e */ f */ g--"), ElementsAre("a", "c", "g"));
  EXPECT_THAT(words("a - - b / * c"), ElementsAre("a", "-", "-", "b", "/", "*", "c"));
}

TEST(Lexer, ReadsWordsOfAnyScript) {
  EXPECT_THAT(words("größe_1 名前 10s 1.5e3"),
              ElementsAre("größe_1", "名前", "10s", "1.5e3"));
}

TEST(Lexer, NamesWhatDoesNotEnd) {
  for (const char* text : {"'a", "\"a", "e'a\\", "$$a$", "$x$a$y$", "/* /* */"}) {
    SCOPED_TRACE(text);
    EXPECT_THAT(words(text), ElementsAre(HasSubstr("does not end")));
  }
}

TEST(Statement, SplitsAtSemicolons) {
  const auto statements = parse("SELECT ';'; ; SELECT 2 /* ; */ -- ;\n;SELECT 3");
  ASSERT_TRUE(statements.ok());
  ASSERT_THAT(*statements, SizeIs(3));
  EXPECT_EQ((*statements)[0].select.text(), "SELECT ';'");
  EXPECT_EQ((*statements)[1].select.text(), "SELECT 2");
  EXPECT_EQ((*statements)[2].text.text(), "SELECT 3");
}

TEST(Statement, ReadsNothingAsNoStatement) {
  for (const char* text : {"", " ;; ", "-- only a comment"}) {
    const auto statements = parse(text);
    ASSERT_TRUE(statements.ok());
    EXPECT_THAT(*statements, SizeIs(0));
  }
}

TEST(Statement, ReadsCreate) {
  const Statement statement = parse_one(
      "create or replace table if not exists \"My Name\" with (Limit = 10, once = true,\n"
      "  commit_every = '10 s', memory = 1 GiB, from = -5) as\n"
      "select 'INSERT INTO', (select 1 insert into) from x\n"
      "insert into kafka('localhost:9092/a'), 'out.csv'");
  EXPECT_EQ(statement.kind, Statement::Kind::kCreate);
  EXPECT_TRUE(statement.is_table && statement.or_replace && statement.if_not_exists);
  EXPECT_EQ(statement.name, "My Name");
  EXPECT_EQ(statement.select.text(),
            "select 'INSERT INTO', (select 1 insert into) from x");
  ASSERT_THAT(statement.options, SizeIs(5));
  EXPECT_EQ(statement.options[0].name, "limit");
  EXPECT_EQ(statement.options[2].value, "10 s");
  EXPECT_EQ(statement.options[3].value, "1 GiB");
  EXPECT_EQ(statement.options[4].value, "-5");
  ASSERT_THAT(statement.sinks, SizeIs(2));
  EXPECT_EQ(print_uri(statement.sinks[0].uri), "kafka://localhost:9092/a");
  EXPECT_EQ(statement.sinks[1].uri.scheme, "file");
}

TEST(Statement, ReadsStatementsOfTheSpecification) {
  for (const char* text :
       {"CREATE STREAM orders_stream AS\n"
        "SELECT * FROM postgresql('localhost/shop?table=orders&cdc=true')\n"
        "INSERT INTO kafka('localhost:9092/orders-events');",
        "CREATE TABLE analytics AS  \nSELECT * FROM "
        "kafka('localhost:9092/events?group_id=analytics')\n"
        "INSERT INTO clickhouse('localhost:8123/warehouse?table=events');",
        "CREATE TABLE data_lake AS\nSELECT * FROM s3('data-lake/raw/*.parquet')\n"
        "INSERT INTO iceberg('catalog/analytics/processed_events');",
        "CREATE STREAM file_monitor AS\n"
        "SELECT * FROM file('/data/uploads/*.json?watch=true')\n"
        "INSERT INTO clickhouse('localhost:8123/warehouse?table=uploads');"}) {
    const Statement statement = parse_one(text);
    EXPECT_EQ(statement.kind, Statement::Kind::kCreate);
    EXPECT_THAT(statement.sinks, SizeIs(1));
    EXPECT_THAT(std::string(statement.select.text()),
                testing::StartsWith("SELECT * FROM"));
  }
}

TEST(Statement, ReadsDescribe) {
  EXPECT_EQ(parse_one("DESCRIBE file('a.csv')").sources.size(), 1U);
  EXPECT_EQ(parse_one("DESCRIBE 'a.csv'").sources.size(), 1U);
  EXPECT_EQ(parse_one("DESCRIBE orders").name, "orders");
  EXPECT_EQ(parse_one("DESCRIBE SELECT 1").select.text(), "SELECT 1");
}

TEST(Statement, ReadsExplain) {
  const Statement statement = parse_one("EXPLAIN INSERT INTO null('') SELECT 1");
  EXPECT_TRUE(statement.explain);
  EXPECT_EQ(statement.kind, Statement::Kind::kInsert);
}

TEST(Statement, SaysWhatIsWrongWhere) {
  EXPECT_THAT(error_of("CREATE STREAM AS SELECT 1"),
              HasSubstr("a.sql:1:18: expected AS, not SELECT"));
  EXPECT_THAT(error_of("CREATE STREAM s WITH (a) AS SELECT 1"),
              HasSubstr("a.sql:1:24: expected '='"));
  EXPECT_THAT(error_of("CREATE OR STREAM s"), HasSubstr("expected REPLACE, not STREAM"));
  EXPECT_THAT(error_of("INSERT INTO SELECT 1"),
              HasSubstr("expected a system and its address"));
  EXPECT_THAT(error_of("INSERT INTO file('a') SELECT 1 INSERT INTO file('b')"),
              HasSubstr("this statement has its INSERT INTO"));
  EXPECT_THAT(error_of("INSERT INTO file('a%zz') SELECT 1"), HasSubstr("a.sql:1:18:"));
  EXPECT_THAT(error_of("UPDATE x SET y = 1"), HasSubstr("a statement begins with"));
  EXPECT_THAT(error_of("CREATE STREAM s WITH (a = 1, A = 2) AS SELECT 1"),
              HasSubstr("a.sql:1:30: a is given twice"));
  EXPECT_THAT(error_of("EXPLAIN"), HasSubstr("expected SELECT, but the text ends here"));
}

TEST(Statements, ShowNoPasswordWhereAnotherWordIsExpected) {
  const auto script = std::make_shared<const Script>(
      "SQL", "CREATE STREAM 'postgresql://u:hunter2@h/d' AS SELECT 1");
  const Status status = parse_statements(script).status();
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.message().find("hunter2"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace velo::sql
