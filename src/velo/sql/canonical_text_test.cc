#include "velo/sql/canonical_text.h"

#include <gtest/gtest.h>

namespace velo::sql {
namespace {

std::string canonical(const std::string& text) {
  return canonical_text({std::make_shared<const Script>("a.sql", text), 0, text.size()});
}

TEST(CanonicalText, IsTheSameHoweverItIsLaidOut) {
  const std::string text =
      "SELECT a.id, total::INT AS t, b -> 'c', count(*) FROM file('in/*.csv') a WHERE "
      "total >= 0 AND x[1] <> - 2";
  EXPECT_EQ(canonical(text), text);
  EXPECT_EQ(
      canonical("select a . id ,\n\ttotal :: INT As t,b->'c', -- the sum\n count ( * )"
                "\nFrom file( 'in/*.csv' ) /* all */ a\nwhere total>=0 and x [ 1 ]<>-2"),
      text);
}

TEST(CanonicalText, KeepsWhatMeansSomethingElse) {
  EXPECT_NE(canonical("SELECT 'a  b'"), canonical("SELECT 'a b'"));
  EXPECT_NE(canonical("SELECT 'A'"), canonical("SELECT 'a'"));
  EXPECT_NE(canonical("SELECT \"A\""), canonical("SELECT \"a\""));
  EXPECT_NE(canonical("SELECT ab"), canonical("SELECT a b"));
  EXPECT_NE(canonical("SELECT a - -b"), canonical("SELECT a --b"));
  EXPECT_NE(canonical("SELECT A"), canonical("SELECT a"));
  EXPECT_NE(canonical("SELECT a < - b"), canonical("SELECT a <- b AS c"));
  EXPECT_EQ(canonical("SELECT $$a  b$$"), "SELECT $$a  b$$");
}

TEST(CanonicalText, IsTheSameWithAnotherPassword) {
  const std::string shown = "FROM postgresql('u:***@h/shop?sslpassword=***&table=t')";
  EXPECT_EQ(canonical("FROM postgresql('u:hunter2@h/shop?sslpassword=a&table=t')"),
            shown);
  EXPECT_EQ(canonical("FROM postgresql('u:x@h/shop?sslpassword=longer&table=t')"), shown);
}

TEST(CanonicalText, LeavesATextAloneThatDoesNotEnd) {
  EXPECT_EQ(canonical("SELECT 'a  "), "SELECT 'a  ");
}

}  // namespace
}  // namespace velo::sql
