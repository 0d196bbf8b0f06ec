#include "velo/storage/text_encoding.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "velo/storage/trickle_for_test.h"

namespace velo::storage {
namespace {

using ::testing::HasSubstr;
using namespace std::string_literals;

Result<std::string> decoded(const std::string& bytes, const std::string& encoding,
                            int64_t piece_bytes, int64_t most) {
  const auto text =
      decode_text(std::make_shared<Trickle>(bytes, most), encoding, "rows.csv");
  std::string content;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto piece, text->Read(piece_bytes));
    if (piece->size() == 0) return content;
    content += piece->ToString();
  }
}

void expect_decoded(const std::string& bytes, const std::string& encoding,
                    const std::string& text) {
  for (const int64_t piece : {1, 3, 17, 100'000}) {
    for (const int64_t most : {1, 5, 100'000}) {
      EXPECT_EQ(decoded(bytes, encoding, piece, most).ValueOrDie(), text)
          << encoding << " " << piece << " " << most;
    }
  }
}

Result<std::string> encoded(const std::vector<std::string>& pieces,
                            const std::string& encoding) {
  ARROW_ASSIGN_OR_RAISE(const auto bytes, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(const auto output, encode_text(bytes, encoding));
  for (const std::string& piece : pieces) {
    ARROW_RETURN_NOT_OK(output->Write(piece.data(), static_cast<int64_t>(piece.size())));
  }
  ARROW_RETURN_NOT_OK(output->Close());
  ARROW_ASSIGN_OR_RAISE(const auto buffer, bytes->Finish());
  return buffer->ToString();
}

TEST(TextEncoding, IsReadAndWritten) {
  const struct {
    const char* encoding;
    std::string bytes;
    std::string text;
  } cases[] = {
      {"latin1", "a\xE4\xFF\n", "aäÿ\n"},
      {"windows-1252", "\x80\x99", "€™"},
      {"ISO-8859-15", "\xA4", "€"},
      {"koi8-r", "\xC1\xC2", "аб"},
      {"shift_jis", "\x83\x65\x83\x58\x83\x67", "テスト"},
      {"gb18030", "\xC4\xE3\xBA\xC3", "你好"},
      {"utf-16le", "a\0\xAC\x20"s, "a€"},
      {"UTF-16BE", "\0a\x20\xAC\xD8\x3D\xDE\x00"s, "a€😀"},
      {"utf-32le", "a\0\0\0"s, "a"},
      {"cp037", "\xC1\xC2\xF1", "AB1"},
  };
  for (const auto& one : cases) {
    expect_decoded(one.bytes, one.encoding, one.text);
    EXPECT_EQ(encoded({one.text}, one.encoding).ValueOrDie(), one.bytes) << one.encoding;
  }
}

TEST(TextEncoding, AMarkTellsIt) {
  expect_decoded("\xFF\xFE"s + "a\0\xE4\0"s, "utf-8", "aä");
  expect_decoded("\xFE\xFF\0a\0\xE4"s, "utf-8", "aä");
  expect_decoded("\xFF\xFE\0\0a\0\0\0"s, "utf-8", "a");
  expect_decoded("\0\0\xFE\xFF\0\0\0a"s, "utf-8", "a");
  expect_decoded("\xFE\xFF\0a"s, "utf-16", "a");
  expect_decoded("\xFF\xFE", "utf-8", "");
  // That of UTF-8 is for who reads it, and so is one in an encoding that was asked for.
  expect_decoded("\xEF\xBB\xBF"s + "ab", "utf-8", "\xEF\xBB\xBF"s + "ab");
  expect_decoded("\xFF\xFE", "latin1", "ÿþ");
}

TEST(TextEncoding, Utf8PassesAsItIs) {
  for (const char* text : {"", "a", "\xFF", "aä\xC3", "a,b\n1,2\n"}) {
    expect_decoded(text, "utf-8", text);
    expect_decoded(text, "UTF8", text);
  }
}

TEST(TextEncoding, WhatIsNoTextIsNoUtf8) {
  expect_decoded("a\x81z\n", "windows-1252", "a\xFFz\n");
  expect_decoded("a\xE4z\n", "ascii", "a\xFFz\n");
  // A half of a pair alone, and a unit that is cut off.
  expect_decoded("a\0\x00\xDC"s + "b\0"s, "utf-16le", "a\xFF"s + "b");
  expect_decoded("a\0b"s, "utf-16le", "a\xFF");
  expect_decoded("\x83", "shift_jis", "\xFF");
  // Whatever it is called, the next unit is where it is.
  expect_decoded("\0\0\xD8\0\0\0\0b"s, "csucs4", "\xFF"s + "b");
  expect_decoded("\x00\xDC"s + "b\0"s, "unicodelittle", "\xFF"s + "b");
}

TEST(TextEncoding, ALongTextIsReadInPieces) {
  std::string text;
  std::string bytes;
  for (int i = 0; i < 200'000; ++i) {
    text += "ä\n";
    bytes += "\xE4\n";
  }
  EXPECT_TRUE(decoded(bytes, "latin1", 100'000, 77'777).ValueOrDie() == text);
  EXPECT_TRUE(encoded({text, text}, "latin1").ValueOrDie() == bytes + bytes);
}

TEST(TextEncoding, CharactersMayBeWrittenInParts) {
  EXPECT_EQ(encoded({"a\xE2", "\x82", "\xAC", "b"}, "windows-1252").ValueOrDie(),
            "a\x80"s + "b");
  EXPECT_FALSE(encoded({"a\xE2"}, "windows-1252").ok());
}

// The last bytes bring it back to ASCII.
TEST(TextEncoding, EndsAStatefulOne) {
  const std::string bytes = encoded({"テ"}, "iso-2022-jp").ValueOrDie();
  EXPECT_TRUE(bytes.ends_with("\x1B(B")) << bytes;
  expect_decoded(bytes, "iso-2022-jp", "テ");
}

// They keep the last letter, to which an accent may belong.
TEST(TextEncoding, ReadsTheLastLetter) {
  expect_decoded("\xE0\xE1", "cp1255", "אב");
  expect_decoded("x\xE0", "cp1258", "xà");
  expect_decoded("xa", "cp1258", "xa");
  expect_decoded("a\xB3", "tcvn5712-1", "á");
  expect_decoded("x\x88\x66", "big5-hkscs", "xÊ");
}

TEST(TextEncoding, NamesACharacterThatThereIsNot) {
  const Status status = encoded({"a€"}, "latin1").status();
  EXPECT_EQ(kind_of(status), ErrorKind::kSchemaMismatch);
  EXPECT_THAT(status.message(), HasSubstr("does not have the character '€'"));
}

TEST(TextEncoding, RefusesWhatNobodyKnows) {
  for (const char* name : {"klingon", "latin1//TRANSLIT", "", "utf-8//IGNORE"}) {
    const Status status = check_encoding(name, "a.csv");
    EXPECT_EQ(kind_of(status), ErrorKind::kInvalidArgument) << name;
    EXPECT_THAT(status.message(), HasSubstr("iconv -l")) << name;
  }
}

}  // namespace
}  // namespace velo::storage
