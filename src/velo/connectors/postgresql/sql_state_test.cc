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

}  // namespace
}  // namespace velo::postgresql
