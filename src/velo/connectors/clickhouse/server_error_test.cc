#include "velo/connectors/clickhouse/server_error.h"

#include <gtest/gtest.h>

namespace velo::clickhouse {
namespace {

TEST(ClickhouseServerError, CodeAndWordsAreFound) {
  const ServerError error = parse_server_error(
      "Code: 60. DB::Exception: Table default.t does not exist. (UNKNOWN_TABLE) (version "
      "26.9.2.1)\n");
  EXPECT_EQ(error.code, 60);
  EXPECT_EQ(error.words, "Table default.t does not exist. (UNKNOWN_TABLE)");
  EXPECT_EQ(parse_server_error("<html>").code, 0);
  EXPECT_EQ(parse_server_error("<html>").words, "<html>");
  EXPECT_EQ(parse_server_error("Code: ").code, 0);
}

// What ClickHouse 26.9 ends the rows with.
TEST(ClickhouseServerError, AnExceptionEndsTheRows) {
  const std::string body =
      "\1\1\1a\xFF\r\n__exception__\r\nygovendimnlglhup\r\nCode: 395. DB::Exception: "
      "boo: "
      "while executing. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO) (version 26.9.2.1)\n263 "
      "ygovendimnlglhup\r\n__exception__\r\n";
  const ServerError error = find_server_error(body, "ygovendimnlglhup");
  EXPECT_EQ(error.code, 395);
  EXPECT_EQ(error.words, "boo: while executing. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO)");
  EXPECT_EQ(find_server_error(body, "another").code, 0);
  EXPECT_EQ(find_server_error(body, "").code, 0);
  EXPECT_EQ(find_server_error(body.substr(0, 60), "ygovendimnlglhup").code, 395);
}

TEST(ClickhouseServerError, CodesHaveKinds) {
  EXPECT_EQ(classify_server_error(516), ErrorKind::kUnauthenticated);
  EXPECT_EQ(classify_server_error(497), ErrorKind::kPermissionDenied);
  EXPECT_EQ(classify_server_error(kUnknownTable), ErrorKind::kNotFound);
  EXPECT_EQ(classify_server_error(241), ErrorKind::kThrottled);
  EXPECT_EQ(classify_server_error(243), ErrorKind::kSystem);
  EXPECT_EQ(classify_server_error(99999), ErrorKind::kSystem);
}

}  // namespace
}  // namespace velo::clickhouse
