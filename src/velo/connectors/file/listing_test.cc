#include "velo/connectors/file/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace velo::file {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ListFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "velo-listing-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { fs::remove_all(root_); }

  void touch(const std::string& name) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << "id\n1\n";
  }

  // The files that a URI means, relative to the folder.
  Result<std::vector<std::string>> list(const std::string& rest) {
    ARROW_ASSIGN_OR_RAISE(const Uri uri, parse_uri(root_.string() + "/" + rest));
    ARROW_ASSIGN_OR_RAISE(auto options, FileOptions::from_uri(uri, OptionUse::kSource));
    ARROW_ASSIGN_OR_RAISE(auto files, list_files(options));
    for (std::string& file : files)
      file = fs::path(file).lexically_relative(root_).string();
    return files;
  }

  fs::path root_;
};

TEST_F(ListFiles, TakesOneFileAsItIs) {
  EXPECT_THAT(list("not-there.csv").ValueOrDie(), ElementsAre("not-there.csv"));
}

TEST_F(ListFiles, ListsADirectoryByName) {
  for (const char* name : {"b.csv", "a.csv.gz", "c.parquet", "readme.txt", ".hidden.csv",
                           "_velo/m.csv", "below/d.csv"}) {
    touch(name);
  }
  EXPECT_THAT(list("").ValueOrDie(), ElementsAre("a.csv.gz", "b.csv", "c.parquet"));
  EXPECT_THAT(list("?recursive=true").ValueOrDie(),
              ElementsAre("a.csv.gz", "b.csv", "below/d.csv", "c.parquet"));
  EXPECT_THAT(list("?format=csv&recursive=true").ValueOrDie(),
              ElementsAre("a.csv.gz", "b.csv", "below/d.csv", "c.parquet", "readme.txt"));
}

TEST_F(ListFiles, MatchesPatterns) {
  for (const char* name : {"2024-01.csv", "2024-02.csv", "2025-01.csv", "x/2024-01.csv",
                           "x/y/2024-01.json", "x/.git/2024-01.csv", "[odd].csv"}) {
    touch(name);
  }
  EXPECT_THAT(list("2024-*.csv").ValueOrDie(), ElementsAre("2024-01.csv", "2024-02.csv"));
  EXPECT_THAT(list("**/2024-01.*").ValueOrDie(),
              ElementsAre("2024-01.csv", "x/2024-01.csv", "x/y/2024-01.json"));
  EXPECT_THAT(list("{2025,x/2024}-01.csv").ValueOrDie(),
              ElementsAre("2025-01.csv", "x/2024-01.csv"));
  EXPECT_THAT(list("[odd].csv").ValueOrDie(), ElementsAre("[odd].csv"));
  EXPECT_THAT(list("%5Bodd%5D.csv").ValueOrDie(), ElementsAre("[odd].csv"));
}

TEST_F(ListFiles, SaysWhatItLookedFor) {
  touch("readme.txt");
  EXPECT_EQ(kind_of(list("").status()), ErrorKind::kNotFound);
  EXPECT_THAT(list("").status().message(), HasSubstr("no file of a known format"));
  EXPECT_THAT(list("*.csv").status().message(), HasSubstr("matches the pattern"));
  EXPECT_THAT(list("no/*.csv").status().message(), HasSubstr("there is no directory"));
}

TEST_F(ListFiles, EndsWhereLinksLeadBack) {
  touch("a.csv");
  fs::create_directory_symlink(root_, root_ / "loop");
  EXPECT_THAT(list("**/*.csv").ValueOrDie(), ElementsAre("a.csv"));
}

}  // namespace
}  // namespace velo::file
