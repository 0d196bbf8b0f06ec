#include "velo/base/glob.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace velo {
namespace {

using testing::HasSubstr;

struct GlobCase {
  std::string pattern;
  std::vector<std::string> matching;
  std::vector<std::string> others;
};

TEST(Glob, MatchesPaths) {
  const std::vector<GlobCase> cases = {
      {"a.csv", {"a.csv"}, {"", "a.cs", "a.csv2", "b.csv", "x/a.csv", "./a.csv"}},
      {"*.csv", {"a.csv", "a.b.csv"}, {".csv", ".a.csv", "x/a.csv", "a.csv.gz"}},
      {"*", {"a", "a b", "ü"}, {".a", "a/b", "/a"}},
      {"a*b*c", {"abc", "axbyc", "abbc", "abcbc"}, {"ab", "a/b/c", "abcd"}},
      {"/data/*/x", {"/data/a/x"}, {"/data/x", "/data/a/b/x", "/data/.a/x"}},
      {"a/**/b",
       {"a/b", "a/x/b", "a/x/y/b"},
       {"ab", "a/.x/b", "a/x/.y/b", "a/x/cb", "a//b"}},
      {"**/*.csv", {"a.csv", "x/a.csv", "x/y/a.csv"}, {".a.csv", "x/.a.csv", ".x/a.csv"}},
      {"/**", {"/a", "/a/b"}, {"/", "a", "/.a", "/a/.b", "/a/"}},
      {"a/**", {"a/b", "a/b/c"}, {"a", "a/", "b/a", "a/.b", "a/b/.c/d"}},
      {"a/**/**/b", {"a/b", "a/x/b", "a/x/y/z/b"}, {"a/.x/b"}},
      {"**/a/**/b", {"a/b", "x/a/b", "a/a/a/b", "x/a/y/b"}, {"b", "x/b", "a/x/c"}},
      {"[a-c]x", {"ax", "bx", "cx"}, {"dx", "x", "aax", "-x"}},
      {"[!a-c]x", {"dx", "-x", "éx"}, {"ax", "x", "/x", ".x"}},
      {"[^ab]", {"c", "^"}, {"a", "b", "."}},
      {"[-a]", {"-", "a"}, {"b"}},
      {"[a-]", {"-", "a"}, {"b"}},
      {"x[.]y", {"x.y"}, {"xay"}},
      {"[.]y", {}, {".y"}},
      {"[ä-ü]", {"ä", "ö", "ü"}, {"a", "ß "}},
      {"[\\]\\-\\!]", {"]", "-", "!"}, {"\\", "a"}},
      {"[!\\]]", {"a", "["}, {"]"}},
      {"{a,b}.csv", {"a.csv", "b.csv"}, {"c.csv", "ab.csv", "{a,b}.csv", ".csv"}},
      {"{a,b/c}/x", {"a/x", "b/c/x"}, {"b/x", "c/x"}},
      {"x{,.gz}", {"x", "x.gz"}, {"x.", "xgz"}},
      {"{a{1,2},b*}", {"a1", "a2", "b", "b7"}, {"a", "a3", "a12"}},
      {"{a}", {"a"}, {"{a}"}},
      {"{}", {""}, {"{}"}},
      {"{.a,b}", {".a", "b"}, {"a"}},
      {"*{.csv,x}", {"a.csv", "x", "ax"}, {".csv", ".x"}},
      {"{*,x}.csv", {"a.csv", "x.csv"}, {".csv"}},
      {"a/*.b/c", {"a/x.b/c"}, {"a/.b/c"}},
      {"x*.csv", {"x.csv"}, {".csv"}},
      {"**/.x", {".x", "a/.x"}, {"a/x"}},
      {"{,x}*", {"a", "xa"}, {".a"}},
      {"a?b", {"a?b"}, {"axb"}},
      {"\\*\\[\\{\\\\", {"*[{\\"}, {"a[{\\", "*[{"}},
      {"{a\\,b,c\\}}", {"a,b", "c}"}, {"a", "b", "c"}},
      {"a]b}c,d", {"a]b}c,d"}, {"abcd"}},
      {"日本/*.csv", {"日本/東京.csv"}, {"日本/x/y.csv"}},
      {"*", {"caf\xE9"}, {}},
      {"caf[!x]", {"caf\xE9"}, {}},
  };
  for (const GlobCase& a_case : cases) {
    SCOPED_TRACE(a_case.pattern);
    const Result<Glob> glob = Glob::parse(a_case.pattern);
    ASSERT_TRUE(glob.ok()) << glob.status();
    for (const std::string& path : a_case.matching)
      EXPECT_TRUE(glob->matches(path)) << path;
    for (const std::string& path : a_case.others)
      EXPECT_FALSE(glob->matches(path)) << path;
  }
}

TEST(Glob, RefusesWhatCannotBeMeant) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"a[b", "offset 1: ']' is missing; a '[' itself is percent-encoded: %5B"},
      {"[", "']' is missing"},
      {"[a-", "']' is missing"},
      {"[a\\", "']' is missing"},
      {"[a/b]", "']' is missing"},
      {"x[]", "offset 1: there is nothing between '[' and ']'"},
      {"[z-a]", "offset 0: this range ends before it begins"},
      {"a{b,c", "offset 1: '}' is missing; a '{' itself is percent-encoded: %7B"},
      {"{", "'}' is missing"},
      {"{a,{b}", "'}' is missing"},
      {"**.csv", "offset 0: '**' stands for directories"},
      {"a**", "stands alone between slashes"},
      {"a/***/b", "stands alone between slashes"},
      {"{**/a,b}", "outside braces"},
      {"a\xFF*", "offset 1: this is not UTF-8"},
      {std::string(100, '{'), "too many nested braces"},
      {std::string(70'000, 'a'), "64 KiB at most"},
  };
  for (const auto& [pattern, message] : cases) {
    SCOPED_TRACE(pattern.substr(0, 50));
    const Result<Glob> glob = Glob::parse(pattern);
    ASSERT_FALSE(glob.ok());
    EXPECT_EQ(kind_of(glob.status()), ErrorKind::kInvalidArgument);
    EXPECT_THAT(glob.status().message(), HasSubstr(message));
  }
}

TEST(Glob, KnowsItsDirectory) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"/data/in/*.csv", "/data/in"},
      {"/data/2024-*/x", "/data"},
      {"*.csv", ""},
      {"/*.csv", "/"},
      {"data/{a,b}/x", "data"},
      {"a/b.csv", "a"},
      {"a/**/b", "a"},
      {"a.csv", ""},
      {"d\\*r/*.csv", "d*r"},
  };
  for (const auto& [pattern, directory] : cases) {
    SCOPED_TRACE(pattern);
    EXPECT_EQ(Glob::parse(pattern).ValueOrDie().literal_prefix_directory(), directory);
  }
}

TEST(Glob, KnowsWhereToLook) {
  struct LookCase {
    std::string pattern;
    std::vector<std::string> useful;
    std::vector<std::string> useless;
  };
  const std::vector<LookCase> cases = {
      {"/data/*/x/*.csv",
       {"", "/", "/data", "/data/", "/data/a", "/data/a/x"},
       {"/other", "/data/a/y", "/data/.a", "/data/a/x/z"}},
      {"**/*.csv", {"a", "a/b"}, {".git", "a/.b"}},
      {"*.csv", {""}, {"a", "a.csv"}},
      {"a/**", {"a", "a/b"}, {"b"}},
      {"{a/b,c}/x", {"a", "a/b", "c"}, {"b", "x"}},
  };
  for (const LookCase& a_case : cases) {
    SCOPED_TRACE(a_case.pattern);
    const Glob glob = Glob::parse(a_case.pattern).ValueOrDie();
    for (const auto& path : a_case.useful)
      EXPECT_TRUE(glob.may_match_below(path)) << path;
    for (const auto& path : a_case.useless)
      EXPECT_FALSE(glob.may_match_below(path)) << path;
  }
}

TEST(Glob, MatchesInBoundedTime) {
  std::string stars;
  for (int i = 0; i < 200; ++i) stars += "*a";
  std::string braces;
  for (int i = 0; i < 200; ++i) braces += "{a,aa}";
  std::string directories;
  for (int i = 0; i < 200; ++i) directories += "**/";
  const std::string long_name(1000, 'a');
  std::string deep_path;
  for (int i = 0; i < 500; ++i) deep_path += "a/";
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(Glob::parse(stars + "b").ValueOrDie().matches(long_name));
  EXPECT_FALSE(Glob::parse(braces + "b").ValueOrDie().matches(long_name));
  EXPECT_FALSE(Glob::parse(directories + "b").ValueOrDie().matches(deep_path));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(GlobText, LiteralsAndPrefixes) {
  EXPECT_TRUE(has_glob("a*"));
  EXPECT_TRUE(has_glob("[a]"));
  EXPECT_TRUE(has_glob("{a}"));
  EXPECT_FALSE(has_glob("a?b]c}d,e"));
  EXPECT_FALSE(has_glob("\\*\\[\\{\\\\"));
  EXPECT_FALSE(has_glob(""));
  EXPECT_EQ(literal_path("a\\*b\\\\c\\/d"), "a*b\\c/d");
  EXPECT_EQ(literal_path("a\\"), "a\\");
  EXPECT_EQ(literal_prefix("/data/2024-\\*x*.csv"), "/data/2024-*x");
  for (const std::string text : {"", "a", "*[]{}\\!,-?%#", "a/b", "\\\\", "日"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(literal_path(escape_glob(text)), text);
    EXPECT_FALSE(has_glob(escape_glob(text)));
    EXPECT_TRUE(Glob::parse(escape_glob(text)).ValueOrDie().matches(text));
  }
}

}  // namespace
}  // namespace velo
