#include "velo/connectors/postgresql/sql_state.h"

#include <gtest/gtest.h>

namespace velo::postgresql {
namespace {

TEST(SqlState, HasAKind) {
  EXPECT_EQ(classify_sql_state("42P01"), ErrorKind::kNotFound);
  EXPECT_EQ(classify_sql_state("42601"), ErrorKind::kInvalidArgument);
  EXPECT_EQ(classify_sql_state("42501"), ErrorKind::kPermissionDenied);
  EXPECT_EQ(classify_sql_state("28P01"), ErrorKind::kUnauthenticated);
  EXPECT_EQ(classify_sql_state("23505"), ErrorKind::kSchemaMismatch);
  EXPECT_EQ(classify_sql_state("22P02"), ErrorKind::kCorruptData);
  EXPECT_EQ(classify_sql_state("40001"), ErrorKind::kTransient);
  EXPECT_EQ(classify_sql_state("53100"), ErrorKind::kSystem);
  EXPECT_EQ(classify_sql_state("53300"), ErrorKind::kThrottled);
  EXPECT_EQ(classify_sql_state("55P03"), ErrorKind::kConflict);
  EXPECT_EQ(classify_sql_state("57P01"), ErrorKind::kTransient);
  EXPECT_EQ(classify_sql_state("57014"), ErrorKind::kCancelled);
  EXPECT_EQ(classify_sql_state("08006"), ErrorKind::kTransient);
  EXPECT_EQ(classify_sql_state(""), ErrorKind::kTransient);
  EXPECT_EQ(classify_sql_state("ZZ000"), ErrorKind::kSystem);
}

TEST(WordsOfLibpq, AreOneLineWithoutItsGuesses) {
  EXPECT_EQ(words_of_libpq("FATAL:  no\n"), "FATAL:  no");
  EXPECT_EQ(words_of_libpq("server closed the connection unexpectedly\n"
                           "\tThis probably means the server terminated abnormally\n"
                           "\tbefore or while processing the request.\n"),
            "server closed the connection unexpectedly");
  EXPECT_EQ(words_of_libpq("at \"a\" failed: refused\n\tIs the server running?\n"
                           "at \"b\" failed: refused\n\tIs the server running?\n"),
            "at \"a\" failed: refused; at \"b\" failed: refused");
  EXPECT_EQ(words_of_libpq("\n"), "");
}

}  // namespace
}  // namespace velo::postgresql
