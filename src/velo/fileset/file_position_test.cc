#include "velo/fileset/file_position.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "velo/base/ascii.h"
#include "velo/base/utf8.h"
#include "velo/testing/matchers.h"

namespace velo::fileset {
namespace {

using ::testing::HasSubstr;
using testing::IsError;

constexpr int kNumCases = 2000;

TEST(FilePosition, ReadsWhatItHasWritten) {
  std::mt19937_64 random(20);
  for (int i = 0; i < kNumCases; ++i) {
    // Numbers of every length.
    const FilePosition given{.next_record = random() >> (16 + random() % 48),
                             .version = {.num_bytes = random() >> random() % 64,
                                         .mark = std::string(random() % 40, 'm')},
                             .num_rereads = static_cast<uint16_t>(random())};
    const auto read = FilePosition::decode(given.encode());
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->next_record, given.next_record);
    EXPECT_EQ(read->version, given.version);
    EXPECT_EQ(read->num_rereads, given.num_rereads);
  }
}

TEST(FilePosition, IsOrderedAsRowsAreRead) {
  std::mt19937_64 random(21);
  std::vector<uint64_t> numbers = {
      0, 1, 127, 128, 255, 256, 65535, 65536, (uint64_t{1} << 48) - 1};
  for (int i = 0; i < kNumCases; ++i) numbers.push_back(random() >> (16 + random() % 48));
  std::ranges::sort(numbers);
  const auto last = std::ranges::unique(numbers).begin();
  numbers.erase(last, numbers.end());
  const FileVersion version{.num_bytes = 7, .mark = "9"};
  for (size_t i = 1; i < numbers.size(); ++i) {
    EXPECT_LT((FilePosition{numbers[i - 1], version}.encode()),
              (FilePosition{numbers[i], version}.encode()));
  }
  EXPECT_LT((FilePosition{numbers.back(), version, 0}.encode()),
            (FilePosition{0, version, 1}.encode()));
}

TEST(FilePosition, IsNotReadFromOtherBytes) {
  for (const size_t size : {0, 1, 15}) {
    EXPECT_THAT(FilePosition::decode({std::string(size, 'x')}),
                IsError(ErrorKind::kCorruptData, HasSubstr("has 16 bytes at least")));
  }
}

TEST(FileSplits, AreNamedSoThatTheyCanBeShown) {
  const struct {
    const char* path;
    const char* split;
  } cases[] = {
      {"/in/a b.csv", "/in/a b.csv"},     {"/in/ö.csv", "/in/ö.csv"},
      {"/in/100%.csv", "/in/100%25.csv"}, {"/in/%25.csv", "/in/%2525.csv"},
      {"/in/\n\x7f", "/in/%0A%7F"},       {"/in/\xff\xc3\xb6", "/in/%FF%C3%B6"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(split_of_path(one.path), one.split);
    EXPECT_EQ(path_of_split(one.split), one.path);
  }
}

TEST(FileSplits, AreNamedUniquelyAndBack) {
  std::mt19937_64 random(22);
  for (int i = 0; i < kNumCases; ++i) {
    std::string path;
    for (uint64_t size = random() % 20; size > 0; --size) {
      constexpr std::string_view kOften = "%2F\xc3\xb6/a";
      path += random() % 2 ? static_cast<char>(random() % 255 + 1)
                           : kOften[random() % kOften.size()];
    }
    const SplitId split = split_of_path(path);
    EXPECT_EQ(path_of_split(split), path);
    EXPECT_EQ(find_invalid_utf8(split), std::string::npos);
    EXPECT_TRUE(std::ranges::none_of(split, is_ascii_control));
  }
}

TEST(FilePositions, AreSaidInWords) {
  const FilePosition position{.next_record = 12,
                              .version = {.num_bytes = 345, .mark = "x"}};
  EXPECT_EQ(describe_position("file:in/*.csv", position.encode()),
            "record 12 of a file of 345 bytes");
  EXPECT_EQ(describe_position("file:in/*.csv", {"short"}), "");
}

}  // namespace
}  // namespace velo::fileset
