#include "velo/formats/json/record_cutter.h"

#include "velo/formats/json/decode_for_test.h"

namespace velo::formats::json {
namespace {

// The texts of all blocks, or the error.
Result<std::vector<std::string>> cut(const std::string& text,
                                     const CutterOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto cutter, RecordCutter::make(input_of(text), options));
  std::vector<std::string> blocks;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const Block block, cutter->next());
    EXPECT_EQ(block.text[block.size], 0);
    blocks.emplace_back(reinterpret_cast<const char*>(block.text),
                        static_cast<size_t>(block.size));
    if (block.last || block.too_large) return blocks;
  }
}

std::string join(const std::vector<std::string>& blocks) {
  std::string text;
  for (const std::string& block : blocks) text += block;
  return text;
}

TEST(RecordCutter, LosesNoByte) {
  const std::string texts[] = {
      "",
      "\n \n",
      "{\"a\":1}\n{\"a\":2}\n{\"a\":3}",
      "{\"a\":1}{\"a\":2} {\"a\":\"}{\\\"\"}\n\n",
      "[{\"a\":1},\n {\"a\":[{}]}, {\"a\":\"]\\\\\"}]\n",
      "{\n  \"a\": {\n  }\n}\n{\n}\n",
      "1 2 \"x\" [] {}\n",
  };
  for (const std::string& text : texts) {
    for (int64_t block_bytes = 1; block_bytes < 40; ++block_bytes) {
      const auto blocks = cut(text, {.block_bytes = block_bytes});
      ASSERT_TRUE(blocks.ok()) << blocks.status().ToString();
      EXPECT_EQ(join(*blocks), text) << block_bytes;
    }
  }
}

TEST(RecordCutter, CutsAtNewlinesWhereTheFirstLineIsARecord) {
  const auto blocks = cut("{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n", {.block_bytes = 18});
  ASSERT_TRUE(blocks.ok());
  EXPECT_THAT(*blocks, ::testing::ElementsAre("{\"a\":1}\n{\"a\":2}\n", "{\"a\":3}\n"));
}

TEST(RecordCutter, CutsBehindBracketsElsewhere) {
  const auto array = cut("[{\"a\":1},{\"a\":\"}\"},{\"a\":3}]", {.block_bytes = 20});
  ASSERT_TRUE(array.ok());
  EXPECT_THAT(*array, ::testing::ElementsAre("[{\"a\":1},{\"a\":\"}\"}", ",{\"a\":3}]"));

  const auto objects = cut("{\n\"a\":1}{\n\"a\":2\n}\n{\"b\":1}", {.block_bytes = 12});
  ASSERT_TRUE(objects.ok());
  EXPECT_EQ(objects->front(), "{\n\"a\":1}");
}

TEST(RecordCutter, FollowsBracketsThroughALineLargerThanABlock) {
  const auto blocks =
      cut("{\"a\":1}\n{\"a\":2}{\"a\":3}{\"a\":4}{\"a\":5}\n", {.block_bytes = 9});
  ASSERT_TRUE(blocks.ok());
  EXPECT_THAT(*blocks, ::testing::ElementsAre("{\"a\":1}\n", "{\"a\":2}", "{\"a\":3}",
                                              "{\"a\":4}", "{\"a\":5}\n"));
}

TEST(RecordCutter, GrowsForALargeRecordUpToTheBound) {
  std::string record = "{\"a\":\"";
  record.append(1000, 'x');
  record += "\"}";
  const auto whole = cut(record + "\n" + record + "\n", {.block_bytes = 16});
  ASSERT_TRUE(whole.ok());
  EXPECT_TRUE(whole->front().starts_with(record));

  const CutterOptions options{.block_bytes = 16, .max_record_bytes = 500};
  auto cutter = RecordCutter::make(input_of("[" + record + "]"), options).ValueOrDie();
  const auto block = cutter->next();
  ASSERT_TRUE(block.ok());
  EXPECT_TRUE(block->too_large);
}

TEST(RecordCutter, CountsLinesAndBytes) {
  auto cutter = RecordCutter::make(input_of("\xEF\xBB\xBF{\"a\":1}\n\n{\"a\":2}\n"),
                                   {.block_bytes = 12})
                    .ValueOrDie();
  Block block = cutter->next().ValueOrDie();
  EXPECT_EQ(block.offset, 3);
  EXPECT_EQ(block.line, 1);
  block = cutter->next().ValueOrDie();
  EXPECT_EQ(block.offset, 12);
  EXPECT_EQ(block.line, 3);
}

TEST(RecordCutter, RefusesUtf16) {
  const auto cutter = RecordCutter::make(input_of(std::string("\xFF\xFE{\0", 4)), {});
  ASSERT_FALSE(cutter.ok());
  EXPECT_EQ(cutter.status().message(),
            "data.ndjson: the text is UTF-16; JSON has to be UTF-8, convert it first");
}

TEST(RecordScanner, KeepsItsStateBetweenCalls) {
  const std::string text = "[{\"a\":\"\\\"}\"},{\"b\":[1,{}]}]";
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  const auto size = static_cast<int64_t>(text.size());
  for (int64_t first = 0; first <= size; ++first) {
    RecordScanner scanner(Framing::kArray);
    const int64_t a = scanner.scan(bytes, 0, first);
    const int64_t b = scanner.scan(bytes, first, size);
    EXPECT_EQ(std::max(a, b), size);
    EXPECT_TRUE(scanner.between_records());
    // A record has ended as soon as its last byte was seen.
    EXPECT_EQ(a, first < 12 ? -1 : first < 25 ? 12 : first < 26 ? 25 : 26) << first;
  }
}

}  // namespace
}  // namespace velo::formats::json
