// JSONTestSuite (https://github.com/nst/JSONTestSuite): texts that a parser must accept
// (y_), must refuse (n_), or may do either with (i_). Only objects make rows, so of the
// first kind those are tried as they are; every text is also tried as a field's value,
// and there it must be treated as the suite says.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "velo/formats/json/decode_for_test.h"

namespace velo::formats::json {
namespace {

struct Text {
  std::string name;
  std::string bytes;
};

std::vector<Text> texts_of_suite(const std::filesystem::path& folder) {
  std::vector<Text> texts;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    texts.push_back({entry.path().filename().string(),
                     std::string(std::istreambuf_iterator<char>(file), {})});
  }
  std::ranges::sort(texts, {}, &Text::name);
  return texts;
}

bool is_of_objects(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return false;
  if (text[first] == '{') return true;
  const auto second = text.find_first_not_of(" \t\r\n", first + 1);
  return text[first] == '[' && second != std::string::npos && text[second] == '{';
}

class JsonTestSuite : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* data = std::getenv("VELO_TEST_DATA");
    if (data == nullptr) GTEST_SKIP() << "VELO_TEST_DATA does not say where the suite is";
    texts_ = texts_of_suite(std::filesystem::path(data) / "json-test-suite/test_parsing");
    ASSERT_GT(texts_.size(), 300U);
  }

  std::vector<Text> texts_;
};

// Their objects have a field twice: no table can hold both values.
const std::set<std::string> kTwice = {"y_object_duplicated_key.json",
                                      "y_object_duplicated_key_and_value.json"};

// No JSON text, but a file of no lines.
const std::set<std::string> kNoRecords = {"n_structure_no_data.json",
                                          "n_single_space.json",
                                          "n_structure_UTF8_BOM_no_data.json"};

TEST_F(JsonTestSuite, TextsAreAcceptedAsRowsOrRefused) {
  for (const Text& text : texts_) {
    SCOPED_TRACE(text.name);
    for (const int64_t block_bytes : {4, 1 << 20}) {
      const auto table = decode(text.bytes, {}, tiny_blocks(block_bytes));
      if (!table.ok()) {
        EXPECT_EQ(kind_of(table.status()), ErrorKind::kCorruptData);
        EXPECT_TRUE(table.status().message().starts_with("data.ndjson: "));
      }
      const bool must_work = text.name.starts_with("y_") && is_of_objects(text.bytes);
      if (must_work) {
        EXPECT_EQ(table.ok(), !kTwice.contains(text.name)) << table.status().ToString();
      }
      if (text.name.starts_with("n_") && !kNoRecords.contains(text.name)) {
        EXPECT_FALSE(table.ok());
      }
    }
  }
}

TEST_F(JsonTestSuite, TextsAreAcceptedAsValuesOrRefused) {
  for (const Text& text : texts_) {
    // Lines of NDJSON are separate texts, and these are more or less than one.
    const std::string line = "{\"x\":" + text.bytes + "}";
    SCOPED_TRACE(text.name);
    const DecodeOptions as_text = with_schema({arrow::field("x", arrow::utf8())});
    const DecodeOptions unwanted = with_schema({arrow::field("y", arrow::utf8())});
    for (const DecodeOptions& options : {DecodeOptions(), as_text, unwanted}) {
      const auto table = decode(line, options);
      if (text.name.starts_with("y_") && !kTwice.contains(text.name)) {
        EXPECT_TRUE(table.ok()) << table.status().ToString();
      }
      if (text.name.starts_with("n_")) {
        EXPECT_FALSE(table.ok()) << line;
      }
    }
  }
}

}  // namespace
}  // namespace velo::formats::json
