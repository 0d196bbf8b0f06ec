#include "velo/connectors/stdio/display_width.h"

#include <gtest/gtest.h>

namespace velo::stdio {
namespace {

TEST(DisplayWidth, OfCodePoints) {
  EXPECT_EQ(display_width(U'a'), 1);
  EXPECT_EQ(display_width(U'é'), 1);
  EXPECT_EQ(display_width(U'ж'), 1);
  EXPECT_EQ(display_width(U'\u0301'), 0) << "combining acute accent";
  EXPECT_EQ(display_width(U'\u200B'), 0) << "zero width space";
  EXPECT_EQ(display_width(U'\uFE0F'), 0) << "variation selector";
  EXPECT_EQ(display_width(U'世'), 2);
  EXPECT_EQ(display_width(U'ｱ'), 1) << "half width";
  EXPECT_EQ(display_width(U'Ａ'), 2) << "full width";
  EXPECT_EQ(display_width(U'한'), 2);
  EXPECT_EQ(display_width(U'🚀'), 2);
  EXPECT_EQ(display_width(U'…'), 1);
  EXPECT_EQ(display_width(U'\U0010FFFD'), 1);
}

TEST(DisplayWidth, OfTexts) {
  EXPECT_EQ(display_width(""), 0);
  EXPECT_EQ(display_width("naïve"), 5);
  EXPECT_EQ(display_width("e\u0301"), 1);
  EXPECT_EQ(display_width("世界"), 4);
}

struct Case {
  std::string_view text;
  int max_width;
  std::string_view shown;
  int width;
};

TEST(DisplayWidth, Printable) {
  const std::vector<Case> cases = {
      {"", 5, "", 0},
      {"plain", 5, "plain", 5},
      {"longer", 5, "long…", 5},
      {"longer", 1, "…", 1},
      {"l", 1, "l", 1},
      {"世界", 4, "世界", 4},
      {"世界", 3, "世…", 3},
      {"世界世", 4, "世…", 3},
      {"e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301", 3},
      {"e\u0301e\u0301e\u0301", 2, "e\u0301…", 2},
      {"a\tb\r\n", 9, "a\\tb\\r\\n", 8},
      {std::string_view("\0\x1B[31m", 6), 40, "\\u0000\\u001b[31m", 16},
      {"\u0085\u009B", 40, "\\u0085\\u009b", 12},
      {"abc\u202Edef", 40, "abc\\u202edef", 12},
      {"C:\\temp", 40, "C:\\temp", 7},
      {"ab\xFFz", 40, "ab\\xffz", 7},
      {"\xE4\xB8", 40, "\\xe4\\xb8", 8},
      {"a\nb", 2, "a…", 2},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.shown);
    const Printable shown = printable(c.text, c.max_width);
    EXPECT_EQ(shown.text, c.shown);
    EXPECT_EQ(shown.width, c.width);
    EXPECT_EQ(display_width(shown.text), shown.width);
    EXPECT_EQ(printable(shown.text, c.max_width).text, shown.text) << "idempotent";
  }
}

TEST(DisplayWidth, BoundsWhatHasNoWidth) {
  std::string text = "a";
  for (int i = 0; i < 10'000; ++i) text += "\u0301";
  const Printable shown = printable(text, 10);
  EXPECT_LT(shown.text.size(), 170);
  EXPECT_TRUE(shown.text.ends_with("…"));
  EXPECT_EQ(shown.width, 2);
}

}  // namespace
}  // namespace velo::stdio
