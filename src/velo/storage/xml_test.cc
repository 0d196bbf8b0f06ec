#include "velo/storage/xml.h"

#include <gtest/gtest.h>

#include "velo/testing/matchers.h"

namespace velo::storage {
namespace {

using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

TEST(Xml, ElementsAndTheirText) {
  const auto root = decode_xml(
      "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- a > comment -->"
      "<List xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\" a = 'b>'>\n"
      "  <Key>a&amp;b&#34;&#xFC;&#x2603;&#128512;<![CDATA[<&]]></Key>\n"
      "  <Key>second</Key><Empty/><Also ></Also ><a><b>deep</b></a></List>\n");
  ASSERT_THAT(root, IsOk());
  EXPECT_EQ(root->name, "List");
  EXPECT_EQ(root->text_of("Key"), "a&b\"\xC3\xBC\xE2\x98\x83\xF0\x9F\x98\x80<&");
  EXPECT_EQ(root->children.size(), 5U);
  EXPECT_EQ(root->children[1].text, "second");
  EXPECT_EQ(root->text_of("Empty"), "");
  EXPECT_EQ(root->text_of("none"), "");
  EXPECT_EQ(root->child("none"), nullptr);
  EXPECT_EQ(root->child("a")->text_of("b"), "deep");
}

TEST(Xml, RefusesWhatIsBroken) {
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"", "byte 0: no element"},
      {"<a>", "byte 3: a is not closed"},
      {"<a></b>", "a is not closed"},
      {"<a></a", "byte 6: an end tag is not closed"},
      {"<a>&nope;</a>", "byte 3: an unknown entity"},
      {"<a>&#0;</a>", "means nothing"},
      {"<a>&#xD800;</a>", "means nothing"},
      {"<a>&#1114112;</a>", "means nothing"},
      {"<a>&#12</a>", "means nothing"},
      {"<a b></a>", "an attribute has no value"},
      {"<a b=c></a>", "not quoted"},
      {"<a b=\"c></a>", "no \" follows"},
      {"<a/>x", "byte 4: something follows"},
      {"<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "a document type is not read"},
      {"<a>\xFF</a>", "byte 3: it is not UTF-8"},
      {"<!-- never", "no --> follows"},
      {"hello", "no element begins"},
  };
  for (const auto& one : cases) {
    EXPECT_THAT(decode_xml(one.text),
                IsError(ErrorKind::kCorruptData, HasSubstr(one.message)))
        << one.text;
  }
  std::string deep;
  for (int i = 0; i < 17; ++i) deep += "<a>";
  EXPECT_THAT(decode_xml(deep), IsError(ErrorKind::kCorruptData, HasSubstr("too many")));
}

TEST(Xml, EscapesWhatItWrites) {
  const auto read = decode_xml("<a>" + escape_xml("<\"&'>") + "</a>");
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->text, "<\"&'>");
}

}  // namespace
}  // namespace velo::storage
