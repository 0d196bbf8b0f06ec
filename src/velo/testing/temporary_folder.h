#pragma once

/// A folder that a test has to itself.

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace velo::testing {

/// Makes an empty folder, and removes it with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    const char* given = std::getenv("TMPDIR");
    std::string name = std::string(given ? given : "/tmp") + "/velo-test-XXXXXX";
    if (::mkdtemp(name.data())) path_ = name + "/";
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  /// With a slash at its end.
  const std::string& path() const { return path_; }
  std::string at(const std::string& name) const { return path_ + name; }

  bool has(const std::string& name) const {
    return std::filesystem::exists(std::filesystem::symlink_status(at(name)));
  }

  /// Write a file, and make the folders that it is in.
  void write(const std::string& name, const std::string& content) const {
    std::filesystem::create_directories(std::filesystem::path(at(name)).parent_path());
    std::ofstream(at(name), std::ios::binary) << content;
  }

  std::string read(const std::string& name) const {
    std::ifstream file(at(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  /// The files below it, in order; a folder is not one.
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) {
      if (entry.is_directory()) continue;
      names.push_back(entry.path().lexically_relative(path_).string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  std::string path_;
};

}  // namespace velo::testing
