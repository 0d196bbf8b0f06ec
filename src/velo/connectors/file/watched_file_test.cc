#include "velo/connectors/file/watched_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "velo/connectors/file/watch_source.h"
#include "velo/testing/matchers.h"
#include "velo/testing/temporary_folder.h"

namespace velo::file {
namespace {

using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

class WatchedFiles : public ::testing::Test {
 protected:
  void append(const std::string& text) {
    std::ofstream(path_, std::ios::app | std::ios::binary) << text;
  }

  WatchedFile open(std::optional<WatchedPosition> from = {}) {
    auto file = WatchedFile::open(*split_of_watched(path_), path_, from);
    EXPECT_THAT(file.status(), IsOk());
    return **std::move(file);
  }

  Status reopen(const WatchedPosition& from) {
    return WatchedFile::open(*split_of_watched(path_), path_, from).status();
  }

  const testing::TemporaryFolder folder_;
  const std::string path_ = folder_.at("a.json");
};

TEST_F(WatchedFiles, YieldWholeLinesOnly) {
  append("one\ntw");
  auto file = open();
  EXPECT_EQ(*file.read_lines(1000), "one\n");
  EXPECT_EQ(*file.read_lines(1000), "");
  append("o\n\nthree");
  EXPECT_EQ(*file.read_lines(1000), "two\n\n");
  EXPECT_EQ(file.position().num_bytes, 9U);
  append("\n");
  EXPECT_EQ(*file.read_lines(1000), "three\n");
}

TEST_F(WatchedFiles, YieldALineThatIsLongerThanWhatIsAskedFor) {
  const std::string line(1000, 'x');
  append(line);
  auto file = open();
  EXPECT_EQ(*file.read_lines(8), "");
  append("\nshort\n");
  EXPECT_EQ(*file.read_lines(8), line + "\nshort\n");
}

TEST_F(WatchedFiles, MayHaveLinesThatAreTooLarge) {
  constexpr size_t kMost = 5000;
  append("one\n" + std::string(6000, 'x'));
  auto strict = open();
  strict.set_limit({.max_bytes = kMost});
  EXPECT_EQ(*strict.read_lines(4), "one\n");
  EXPECT_THAT(strict.read_lines(4),
              IsError(ErrorKind::kCorruptData, HasSubstr("byte 4: the record is larger "
                                                         "than 5000 bytes")));
  auto file = open();
  file.set_limit({.max_bytes = kMost, .passes_larger = true});
  EXPECT_EQ(*file.read_lines(1000), "one\n");
  for (int time = 0; time < 2; ++time) {  // its end is not there yet
    EXPECT_EQ(*file.read_lines(1000), "");
    EXPECT_FALSE(file.take_large_line());
    EXPECT_EQ(file.position().num_bytes, 4U);
    append("yyy");
  }
  const std::string longest(kMost, 'z');
  append("\ntwo\n" + longest + "\n");
  EXPECT_EQ(*file.read_lines(1000), "");
  const auto line = file.take_large_line();
  ASSERT_TRUE(line);
  EXPECT_EQ(line->begin, 4U);
  EXPECT_EQ(line->bytes, std::string(kMost + 1, 'x'));
  EXPECT_EQ(file.position().num_bytes, 6011U);
  EXPECT_THAT(reopen(file.position()), IsOk());
  EXPECT_EQ(*file.read_lines(4), "two\n");
  EXPECT_EQ(*file.read_lines(4), longest + "\n");
}

TEST_F(WatchedFiles, GoOnFromAPosition) {
  append("one\ntwo\n");
  auto file = open();
  EXPECT_EQ(*file.read_lines(4), "one\n");
  const auto encoded = file.position().encode();
  const auto position = WatchedPosition::decode(encoded);
  ASSERT_THAT(position.status(), IsOk());
  EXPECT_EQ(position->num_bytes, 4U);
  append("three\n");
  EXPECT_EQ(*open(*position).read_lines(1000), "two\nthree\n");
}

TEST_F(WatchedFiles, AreTheSameUnderAnotherName) {
  append("one\n");
  const SplitId split = *split_of_watched(path_);
  std::filesystem::rename(path_, folder_.at("b.json"));
  EXPECT_EQ(*split_of_watched(folder_.at("b.json")), split);
  append("other\n");
  EXPECT_NE(*split_of_watched(path_), split);
  EXPECT_FALSE(WatchedFile::open(split, path_, {})->has_value());
  EXPECT_FALSE(WatchedFile::open(split, folder_.at("c.json"), {})->has_value());
}

TEST_F(WatchedFiles, SayWhenTheyWereCut) {
  append("one\ntwo\n");
  auto file = open();
  EXPECT_EQ(*file.read_lines(1000), "one\ntwo\n");
  const auto position = file.position();
  std::filesystem::resize_file(path_, 4);
  const auto was_cut =
      IsError(ErrorKind::kPositionLost, HasSubstr("cut to 4 bytes when 8 of it"));
  EXPECT_THAT(file.read_lines(1000), was_cut);
  EXPECT_THAT(reopen(position), was_cut);
  std::filesystem::resize_file(path_, 0);
  append("another\n");
  EXPECT_THAT(reopen(position),
              IsError(ErrorKind::kPositionLost, HasSubstr("has other bytes")));
}

TEST_F(WatchedFiles, SayWhenTheyWereWrittenAnewWhileNobodyLooked) {
  append("one\ntwo\n");
  auto file = open();
  EXPECT_EQ(*file.read_lines(1000), "one\ntwo\n");
  std::filesystem::resize_file(path_, 0);
  append("eleven\ntwelve\nthirteen\n");
  EXPECT_THAT(file.read_lines(1000),
              IsError(ErrorKind::kPositionLost, HasSubstr("has other bytes")));
}

TEST_F(WatchedFiles, SayWhenALineGoesOnThatHadEnded) {
  append("one\ntwo\n");
  auto file = open();
  EXPECT_EQ(*file.read_lines(1000), "one\ntwo\n");
  std::filesystem::resize_file(path_, 7);
  append(" and more\n");
  EXPECT_THAT(file.read_lines(1000),
              IsError(ErrorKind::kPositionLost, HasSubstr("has other bytes")));
}

TEST_F(WatchedFiles, EndWhereTheyAreNow) {
  append("one\ntwo\nthr");
  auto file = open();
  ASSERT_THAT(file.end_here(), IsOk());
  append("ee\nfour\n");
  EXPECT_EQ(*file.read_lines(1000), "one\ntwo\n");
  EXPECT_EQ(*file.read_lines(1000), "");
}

TEST_F(WatchedFiles, KnowThatTheyWereRemoved) {
  append("one\n");
  auto file = open();
  EXPECT_FALSE(file.is_removed());
  std::filesystem::remove(path_);
  EXPECT_TRUE(file.is_removed());
  EXPECT_EQ(*file.read_lines(1000), "one\n");
}

TEST_F(WatchedFiles, RefusePositionsThatAreNone) {
  EXPECT_THAT(WatchedPosition::decode(Position{"short"}),
              IsError(ErrorKind::kCorruptData, HasSubstr("16 bytes, not 5")));
}

TEST(WatchedPositions, AreSaidInWordsWhereTheSourceWatches) {
  const Position position = WatchedPosition{.num_bytes = 345, .beginning = 7}.encode();
  EXPECT_EQ(describe_position("file:/var/log/*.json?watch=true", position), "byte 345");
  EXPECT_EQ(describe_position("file:/var/log/*.json", position),
            "record 345 of a file of 7 bytes");
  EXPECT_EQ(describe_position("file:/var/log/*.json?watch=true", {"short"}), "");
  EXPECT_EQ(describe_position("%", position), "");
}

}  // namespace
}  // namespace velo::file
