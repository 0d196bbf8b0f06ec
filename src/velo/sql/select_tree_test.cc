#include "velo/sql/select_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "velo/sql/duckdb_engine.h"

namespace velo::sql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Operator = Comparison::Operator;

SelectTree tree_of(const std::string& select) {
  // Static, as a Session of a program may be: it is closed while the process exits.
  static const auto engine = DuckdbEngine::open({}, builtin_registry());
  EXPECT_TRUE(engine.ok()) << engine.status().message();
  const SqlText text{std::make_shared<const Script>("a.sql", select), 0, select.size()};
  const auto json = (*engine)->parse(text);
  EXPECT_TRUE(json.ok()) << json.status().message();
  const auto tree = read_select_tree(*json);
  EXPECT_TRUE(tree.ok()) << tree.status().message();
  return *tree;
}

TEST(SelectTree, ReadsASimpleSelect) {
  const auto simple =
      tree_of(
          "SELECT id, \"Total\" AS t FROM file('a.csv') WHERE total > -5 AND 'x' <= name "
          "AND (c IS NULL AND d BETWEEN 1.50 AND 2) LIMIT 10")
          .simple;
  ASSERT_TRUE(simple);
  EXPECT_EQ(simple->scheme, "file");
  EXPECT_EQ(simple->address, "a.csv");
  ASSERT_EQ(simple->columns.size(), 2U);
  EXPECT_EQ(simple->columns[1].name, "Total");
  EXPECT_EQ(simple->columns[1].alias, "t");
  EXPECT_EQ(simple->limit, 10);
  ASSERT_EQ(simple->terms.size(), 5U);
  EXPECT_EQ(simple->terms[0].literal->integer, -5);
  EXPECT_EQ(simple->terms[1].op, Operator::kGreaterEqual);
  EXPECT_EQ(simple->terms[1].literal->text, "x");
  EXPECT_EQ(simple->terms[2].op, Operator::kIsNull);
  EXPECT_EQ(simple->terms[3].literal->kind, Literal::Kind::kDecimal);
  EXPECT_EQ(simple->terms[3].literal->integer, 150);
  EXPECT_EQ(simple->terms[3].literal->scale, 2);
  EXPECT_EQ(simple->terms[4].op, Operator::kLessEqual);
}

TEST(SelectTree, ReadsDatesAndAllColumns) {
  const auto simple =
      tree_of("FROM 'a.csv' WHERE d = DATE '2024-01-02' AND t < TIMESTAMP '2024-01-02'")
          .simple;
  ASSERT_TRUE(simple);
  EXPECT_TRUE(simple->all_columns);
  EXPECT_EQ(simple->scheme, "");
  EXPECT_EQ(simple->terms[0].literal->kind, Literal::Kind::kDate);
  EXPECT_EQ(simple->terms[1].literal->kind, Literal::Kind::kTimestamp);
}

TEST(SelectTree, KeepsTextThatIsNamedLikeNoNumber) {
  const auto simple =
      tree_of(R"(SELECT "Infinity" FROM file('NaN') WHERE a = '"-Infinity\')").simple;
  ASSERT_TRUE(simple);
  EXPECT_EQ(simple->columns[0].name, "Infinity");
  EXPECT_EQ(simple->address, "NaN");
  EXPECT_EQ(simple->terms[0].literal->text, R"("-Infinity\)");
  const auto tree =
      tree_of(R"(SELECT 1e400, ',"\' FROM "NaN,Infinity" WHERE -1e400 < 1)");
  EXPECT_FALSE(tree.simple);
  EXPECT_THAT(tree.tables, ElementsAre("NaN,Infinity"));
}

TEST(SelectTree, KnowsWhereAStarStandsForColumns) {
  for (const char* select :
       {"SELECT * FROM file('a')", "SELECT * EXCLUDE (id) FROM file('a')",
        "SELECT id + 1, t.* FROM file('a') t", "SELECT COLUMNS('a.*') FROM file('a')",
        "SELECT id FROM (SELECT * FROM file('a'))"}) {
    EXPECT_TRUE(tree_of(select).has_star) << select;
  }
  for (const char* select :
       {"SELECT id + 1 FROM file('a')", "SELECT 2 * id FROM file('a')",
        "SELECT count(*) FROM file('a')", "SELECT '*' AS \"*\""}) {
    EXPECT_FALSE(tree_of(select).has_star) << select;
  }
}

TEST(SelectTree, TellsTheAddressesThatAreRead) {
  const SelectTree tree = tree_of(
      "WITH c AS (SELECT * FROM file('b')) SELECT upper(a.x) FROM kafka('h/a,b') a JOIN "
      "c USING (id) WHERE a.id IN (SELECT id FROM file('c')) UNION ALL FROM file('b')");
  EXPECT_THAT(tree.addresses,
              testing::UnorderedElementsAre(SelectAddress{"kafka", "h/a,b"},
                                            SelectAddress{"file", "b"},
                                            SelectAddress{"file", "c"}));
}

TEST(SelectTree, LeavesEverythingElseToDuckdb) {
  for (const char* select : {
           "SELECT 1",
           "SELECT id + 1 FROM file('a')",
           "SELECT DISTINCT id FROM file('a')",
           "SELECT count(*) FROM file('a')",
           "SELECT id FROM file('a') ORDER BY id",
           "SELECT id FROM file('a') GROUP BY id",
           "SELECT id FROM file('a') GROUP BY ALL",
           "SELECT id FROM file('a') LIMIT 10 OFFSET 1",
           "SELECT id FROM file('a') LIMIT 10%",
           "SELECT id FROM file('a') LIMIT 1 + 1",
           "SELECT id FROM file('a') USING SAMPLE 10",
           "SELECT id FROM file('a') TABLESAMPLE 10%",
           "SELECT id FROM file('a') WITH ORDINALITY",
           "SELECT id FROM file('a') AS t(id, b)",
           "SELECT id FROM file('a', 'b')",
           "SELECT id FROM file('a', b := 1)",
           "SELECT id FROM file('a' || 'b')",
           "SELECT id FROM x.file('a')",
           "SELECT id FROM file('a'), file('b')",
           "SELECT id FROM (SELECT * FROM file('a'))",
           "WITH q AS (SELECT 1) SELECT id FROM file('a')",
           "SELECT id FROM file('a') UNION ALL SELECT id FROM file('b')",
           "SELECT id FROM file('a') QUALIFY row_number() OVER () = 1",
           "SELECT id FROM file('a') HAVING id > 1",
           "SELECT * EXCLUDE (id) FROM file('a')",
           "SELECT * REPLACE (1 AS id) FROM file('a')",
           "SELECT * RENAME (id AS b) FROM file('a')",
           "SELECT * LIKE 'a%' FROM file('a')",
           "SELECT COLUMNS('a') FROM file('a')",
           "SELECT t.* FROM file('a') t",
           "SELECT t.id FROM file('a') t",
           "SELECT id, * FROM file('a')",
           "SELECT id FROM file('a') WHERE id",
           "SELECT id FROM file('a') WHERE id = 1 OR id = 2",
           "SELECT id FROM file('a') WHERE id IN (1, 2)",
           "SELECT id FROM file('a') WHERE id NOT BETWEEN 1 AND 2",
           "SELECT id FROM file('a') WHERE id IS DISTINCT FROM 1",
           "SELECT id FROM file('a') WHERE id = NULL",
           "SELECT id FROM file('a') WHERE id = other",
           "SELECT id FROM file('a') WHERE id = 1e3",
           "SELECT id FROM file('a') WHERE id < 1e400",
           "SELECT id FROM file('a') WHERE id BETWEEN -1e400 AND 1",
           "SELECT id FROM file('a') WHERE id = 0.1234567890123456789012345678901234567",
           "SELECT id FROM file('a') WHERE id IN (NULL)",
           "SELECT id FROM file('a') LIMIT 1e400",
           "SELECT id FROM file('a') WHERE id = 1::BIGINT",
           "SELECT id FROM file('a') WHERE id = 170141183460469231731687303715884105727",
           "SELECT id FROM file('a') WHERE id LIKE 'a%'",
           "SELECT id FROM file('a') WHERE lower(id) = 'a'",
           "SELECT id FROM file('a') WHERE id COLLATE NOCASE = 'a'",
           "SELECT id FROM file('a') WHERE 1 = 1",
       }) {
    SCOPED_TRACE(select);
    EXPECT_FALSE(tree_of(select).simple);
  }
}

TEST(SelectTree, CollectsTheTables) {
  EXPECT_THAT(
      tree_of("SELECT * FROM a JOIN \"b c\" USING (id) WHERE x IN (SELECT y FROM A)")
          .tables,
      ElementsAre("a", "b c", "A"));
  EXPECT_THAT(tree_of("SELECT * FROM file('a')").tables, IsEmpty());
}

TEST(SelectTree, RefusesWhatIsNoTree) {
  for (const char* json : {"", "{", "[]", "{}", "null", "{\"statements\":1}"}) {
    SCOPED_TRACE(json);
    EXPECT_FALSE(read_select_tree(json).ok());
  }
}

}  // namespace
}  // namespace velo::sql
