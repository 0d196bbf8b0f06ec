#include "velo/fileset/file_part.h"

#include <gtest/gtest.h>

#include "velo/fileset/earlier_parts.h"
#include "velo/fileset/file_position.h"
#include "velo/testing/matchers.h"

namespace velo::fileset {
namespace {

using testing::IsError;
using testing::IsOk;

TEST(FilePart, HasANameThatIsReadBack) {
  const FileSplit splits[] = {
      {"/data/a.ndjson", {}},
      {"/data/a.ndjson", FilePart{0, 64}},
      {"/data/a.ndjson", FilePart{134217728, 67108864}},
      {split_of_path("/data/100%from=0+1"), {}},
      {split_of_path("/data/100%from=0+1"), FilePart{7, 7}},
      {split_of_path("/data/%\xFF"), FilePart{7, 7}},
  };
  for (const FileSplit& split : splits) {
    EXPECT_EQ(parse_file_split(name_of(split)), split) << name_of(split);
  }
  EXPECT_EQ(name_of(splits[2]), "/data/a.ndjson%from=134217728+67108864");
}

TEST(FilePart, IsNothingElse) {
  for (const char* name : {"a%from=", "a%from=1", "a%from=1+", "a%from=+1", "a%from=1+0",
                           "a%from=1+2x", "a%from=-1+2"}) {
    EXPECT_EQ(parse_file_split(name), (FileSplit{name, {}}));
  }
}

TEST(FilePart, CoversTheFile) {
  EXPECT_TRUE(cut_into_parts(0, 10).empty());
  EXPECT_EQ(cut_into_parts(10, 10), (std::vector<FilePart>{{0, 10}}));
  EXPECT_EQ(cut_into_parts(21, 10), (std::vector<FilePart>{{0, 10}, {10, 10}, {20, 10}}));
  EXPECT_EQ(part_bytes_for(1000, 64), 64U);
  const uint64_t large = uint64_t{1} << 50;
  EXPECT_LE(cut_into_parts(large, part_bytes_for(large, 64)).size(), 1024U);
}

SplitProgress progress(const FileVersion& version, bool ended) {
  return {FilePosition{.next_record = 3, .version = version}.encode(), ended};
}

TEST(EarlierFiles, KnowWhatWasRead) {
  const FileVersion version{25, "mark"};
  Positions positions = {{"whole", progress(version, true)},
                         {"a%from=0+10", progress(version, true)},
                         {"a%from=20+10", progress(version, true)}};
  auto files = earlier_files(positions).ValueOrDie();
  EXPECT_EQ(files.size(), 2U);
  EXPECT_TRUE(files["whole"].was_whole());
  EXPECT_TRUE(files["whole"].has_ended());
  EXPECT_EQ(files["a"].part_bytes(), 10U);
  EXPECT_EQ(files["a"].num_bytes(), 25U);
  EXPECT_TRUE(files["a"].was_only(version));
  EXPECT_FALSE(files["a"].was_only({25, "other"}));
  EXPECT_FALSE(files["a"].has_ended());  // the second part was not begun

  positions["a%from=10+10"] = progress(version, false);
  EXPECT_FALSE(earlier_files(positions).ValueOrDie()["a"].has_ended());
  positions["a%from=10+10"] = progress({26, "mark"}, true);
  files = earlier_files(positions).ValueOrDie();
  EXPECT_TRUE(files["a"].has_ended());
  EXPECT_FALSE(files["a"].was_only(version));
  EXPECT_EQ(files["a"].num_bytes(), 26U);

  positions["b"] = {{"short"}, false};
  EXPECT_THAT(earlier_files(positions),
              IsError(ErrorKind::kCorruptData, ::testing::HasSubstr("16 bytes")));
}

}  // namespace
}  // namespace velo::fileset
