#include "velo/base/name_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "velo/testing/matchers.h"

namespace velo {
namespace {

using ::testing::_;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsError;

std::vector<std::string> shown(std::string_view text) {
  std::vector<std::string> names;
  for (const NamePattern& name : parse_names(text).ValueOrDie()) {
    names.push_back((name.is_pattern ? "~" : "=") + name.text);
  }
  return names;
}

TEST(Names, AreAListWithCommas) {
  EXPECT_THAT(shown("orders"), ElementsAre("=orders"));
  EXPECT_THAT(shown("a, b ,Größe d"), ElementsAre("=a", "=b", "=Größe d"));
  EXPECT_THAT(shown("sales_*,x"), ElementsAre("~sales_*", "=x"));
  EXPECT_THAT(shown(""), IsEmpty());
  EXPECT_THAT(shown("  "), IsEmpty());
}

TEST(Names, InQuotesStandForThemselves) {
  EXPECT_THAT(shown(R"("a,b",c)"), ElementsAre("=a,b", "=c"));
  EXPECT_THAT(shown(R"("*")"), ElementsAre("=*"));
  EXPECT_THAT(shown(R"("say ""hi""" , " x ")"), ElementsAre("=say \"hi\"", "= x "));
  EXPECT_THAT(shown(R"(it"s)"), ElementsAre("=it\"s"));
}

TEST(Names, AreRefused) {
  for (const char* text : {",", "a,", ",a", "a,,b", R"("a)", R"("a"b)", R"("")"}) {
    EXPECT_THAT(parse_names(text).status(), IsError(ErrorKind::kInvalidArgument, _))
        << text;
  }
}

TEST(Names, ArePrintedSoThatTheyAreReadBack) {
  for (const char* name : {"orders", "a,b", "*", "\"", "say \"hi\"", " x", "x ", "Größe",
                           "a\"", ",", "\"\""}) {
    const auto names = parse_names(print_name(name)).ValueOrDie();
    ASSERT_EQ(names.size(), 1) << name;
    EXPECT_EQ(names.front().text, name);
    EXPECT_FALSE(names.front().is_pattern) << name;
  }
  EXPECT_EQ(print_name("orders 2024"), "orders 2024");
}

TEST(Names, MatchByStars) {
  const auto matches = [](const char* pattern, const char* name) {
    return NamePattern{.text = pattern, .is_pattern = true}.matches(name);
  };
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("*", "orders"));
  EXPECT_TRUE(matches("sales_*", "sales_"));
  EXPECT_TRUE(matches("*_2024_*_x", "a_2024_b_2024_c_x"));
  EXPECT_TRUE(matches("a*b*", "aXbYbZ"));
  EXPECT_FALSE(matches("sales_*", "sale"));
  EXPECT_FALSE(matches("*_x", "x_xy"));
  EXPECT_FALSE(matches("a*a", "a"));
  EXPECT_FALSE((NamePattern{.text = "a"}.matches("ab")));
}

}  // namespace
}  // namespace velo
