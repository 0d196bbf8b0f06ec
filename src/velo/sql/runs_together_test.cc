#include "velo/sql/runs_together.h"

#include <gtest/gtest.h>

#include <string>

namespace velo::sql {
namespace {

int64_t count(const std::string& text) {
  StatementContext context{SessionOptions()};
  const auto statements =
      parse_statements(std::make_shared<const Script>("a.sql", text)).ValueOrDie();
  EXPECT_TRUE(context.read_defaults(statements).ok());
  return count_runs_together(context, statements, {});
}

const std::string kEndless = "SELECT * FROM generate('orders?unbounded=true')";
const std::string kShort = "SELECT * FROM generate('orders?rows=5')";

TEST(RunsTogether, AreThoseThatGoOnAndOneThatFollows) {
  const std::string into_a = " INSERT INTO file('a/');",
                    into_b = " INSERT INTO file('b/');";
  const auto stream = [](const std::string& name, const std::string& rest) {
    return "CREATE STREAM " + name + " AS " + rest;
  };
  EXPECT_EQ(count(kShort), 1);
  EXPECT_EQ(count(stream("a", kEndless + into_a)), 1);
  EXPECT_EQ(count(stream("a", kShort + into_a) + stream("b", kShort + into_b)), 1);
  EXPECT_EQ(count(stream("a", kEndless + into_a) + stream("b", kEndless + into_b)), 2);
  EXPECT_EQ(count(stream("a", kShort + into_a) + stream("b", kEndless + into_b)), 1)
      << "the first has ended by then";
  EXPECT_EQ(count(stream("a", kEndless + into_a) + kShort), 2);
  EXPECT_EQ(count(stream("a", kEndless + into_a) + kShort + ";" + kShort), 2);
  EXPECT_EQ(count("CREATE STREAM a WITH (limit = 5) AS " + kEndless + into_a + kShort),
            1);
  EXPECT_EQ(count("CREATE STREAM a WITH (once = true) AS " + kEndless + into_a + kShort),
            1);
}

TEST(RunsTogether, AreOfEachSinkAndStream) {
  EXPECT_EQ(count("INSERT INTO file('a/'), file('b/') " + kEndless), 2);
  EXPECT_EQ(count("INSERT INTO file('a/'), file('b/') " + kShort), 1);
  EXPECT_EQ(count("INSERT INTO file('{table}/'), file('b/{table}/') SELECT * FROM "
                  "generate('orders,events?unbounded=true')"),
            4);
}

TEST(RunsTogether, ReadEachOtherByName) {
  const std::string view = "CREATE STREAM seen AS " + kEndless + ";";
  EXPECT_EQ(count(view + "INSERT INTO file('a/') SELECT id FROM seen; "
                         "INSERT INTO file('b/') SELECT upper(status) FROM SEEN"),
            2);
  EXPECT_EQ(count("CREATE STREAM a AS " + kEndless +
                  " INSERT INTO file('a/'); "
                  "INSERT INTO file('b/') SELECT * FROM a"),
            2)
      << "a directory is read as far as it goes";
}

TEST(RunsTogether, LeaveMistakesToTheirStatements) {
  EXPECT_EQ(count("INSERT INTO file('a/') SELEC; INSERT INTO nowhere('b') " + kEndless +
                  "; INSERT INTO file('c/') SELECT * FROM nothing"),
            2);
}

}  // namespace
}  // namespace velo::sql
