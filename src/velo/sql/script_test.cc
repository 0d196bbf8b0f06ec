#include "velo/sql/script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace velo::sql {
namespace {

using testing::HasSubstr;

std::string message_at(const std::string& text, size_t offset) {
  const Script script("a.sql", text);
  return script.error_at(offset, ErrorKind::kInvalidArgument, "no").message();
}

TEST(Script, ShowsTheLineWithACaret) {
  EXPECT_EQ(message_at("SELECT 1;\nSELECT x y z;\n", 19),
            "a.sql:2:10: no\n  SELECT x y z;\n           ^");
}

TEST(Script, CountsCharactersNotBytes) {
  EXPECT_EQ(message_at("SELECT 'é日' x", 14),
            "a.sql:1:12: no\n  SELECT 'é日' x\n             ^");
}

TEST(Script, KeepsTabsBeforeTheCaret) {
  EXPECT_EQ(message_at("\tSELECT x", 8), "a.sql:1:9: no\n  \tSELECT x\n  \t       ^");
}

TEST(Script, ShowsNoCarriageReturn) {
  EXPECT_EQ(message_at("SELECT x\r\nFROM", 7), "a.sql:1:8: no\n  SELECT x\n         ^");
}

TEST(Script, ShowsThePlaceInALongLine) {
  const std::string text = std::string(500, 'a') + "b" + std::string(500, 'c');
  EXPECT_EQ(message_at(text, 500), "a.sql:1:501: no\n  …" + std::string(60, 'a') + "b" +
                                       std::string(39, 'c') + "…\n   " +
                                       std::string(60, ' ') + "^");
}

TEST(Script, PointsBehindTheLastWordAtTheEnd) {
  EXPECT_EQ(message_at("from f('u:hunter2@h?passwrd=hunter2')", 0),
            "a.sql:1:1: no\n  from f('u:*******@h?passwrd=*******')\n  ^");
  EXPECT_EQ(message_at("SELECT\n", 7), "a.sql:1:7: no\n  SELECT\n        ^");
  EXPECT_EQ(message_at("", 0), "a.sql:1:1: no\n  \n  ^");
  EXPECT_THAT(message_at("SELECT", 100), HasSubstr("a.sql:1:7:"));
}

}  // namespace
}  // namespace velo::sql
