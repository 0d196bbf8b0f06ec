#include "velo/storage/local_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace velo::storage {
namespace {

namespace fs = std::filesystem;

class LocalFile : public testing::Test {
 protected:
  LocalFile() { fs::create_directories(folder_); }
  ~LocalFile() override { fs::remove_all(folder_); }

  std::string at(const std::string& name) const { return (folder_ / name).string(); }

  // Writes and publishes "new".
  Status replace(const std::string& name) const {
    ARROW_ASSIGN_OR_RAISE(const auto file, StagedFile::create(at(name)));
    ARROW_RETURN_NOT_OK(file->Write("new", 3));
    return file->publish();
  }

  std::string content(const std::string& name) const {
    std::ifstream file(at(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const fs::path folder_ =
      fs::path(testing::TempDir()) / ("local_file." + std::to_string(::getpid()));
};

TEST_F(LocalFile, StagedFileGoesThroughLinks) {
  fs::create_directory(folder_ / "far");
  std::ofstream(at("far/there")) << "old";
  fs::create_symlink("far/there", at("link"));
  EXPECT_TRUE(replace("link").ok());
  EXPECT_TRUE(fs::is_symlink(at("link")));
  EXPECT_EQ(content("far/there"), "new");
}

TEST_F(LocalFile, StagedFileGoesThroughLinksToNothingYet) {
  fs::create_directory(folder_ / "far");
  fs::create_symlink("second", at("first"));
  fs::create_symlink(folder_ / "far" / "third", at("second"));
  fs::create_symlink("there", at("far/third"));
  EXPECT_TRUE(replace("first").ok());
  for (const char* link : {"first", "second", "far/third"}) {
    EXPECT_TRUE(fs::is_symlink(at(link))) << link;
  }
  EXPECT_EQ(content("far/there"), "new");
}

TEST_F(LocalFile, StagedFileRefusesLinksThatLeadNowhere) {
  fs::create_symlink("b", at("a"));
  fs::create_symlink("a", at("b"));
  const Status round = replace("a");
  EXPECT_EQ(kind_of(round), ErrorKind::kInvalidArgument);
  EXPECT_EQ(round.message(),
            at("a") + ": cannot write it: Too many levels of symbolic links");
  EXPECT_TRUE(fs::is_symlink(at("a")));

  fs::create_symlink("missing/there", at("c"));
  EXPECT_EQ(kind_of(replace("c")), ErrorKind::kNotFound);
  EXPECT_TRUE(fs::is_symlink(at("c")));
}

TEST_F(LocalFile, PipesAreNotOpenedAsFiles) {
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
  EXPECT_TRUE(is_pipe(at("pipe")));
  EXPECT_FALSE(is_pipe(folder_.string()));
  EXPECT_FALSE(is_pipe(at("none")));
  const Status status = open_local_file(at("pipe")).status();
  EXPECT_EQ(kind_of(status), ErrorKind::kInvalidArgument);
  EXPECT_EQ(status.message(),
            at("pipe") + ": a pipe is not read as one of several files: name it alone");
}

}  // namespace
}  // namespace velo::storage
