#include "velo/connectors/file/local_files.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "velo/base/big_endian.h"
#include "velo/base/system_error.h"
#include "velo/connectors/file/listing.h"
#include "velo/storage/local_file.h"

namespace velo::file {
namespace {

constexpr uint64_t kNanosPerSecond = 1'000'000'000;

// The same from wherever it is asked, so that a split has one name.
std::string absolute_path(const std::string& path) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  if (error) return path;
  std::string normal = absolute.lexically_normal().string();
  while (normal.ends_with('/') && normal.size() > 1) normal.pop_back();
  return normal;
}

class LocalFiles : public fileset::FileStore {
 public:
  explicit LocalFiles(FileOptions options) : options_(std::move(options)) {}

  Result<std::vector<std::string>> list() override { return list_files(options_); }

  Result<fileset::FileVersion> version_of(const std::string& path) override {
    return version_of_file(path);
  }

  // An open file stays the one that it was.
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> open(const std::string& path,
                                                            const fileset::FileVersion&,
                                                            std::stop_token) override {
    return storage::open_local_file(path);
  }

  SplitId split_of(const std::string& path) const override {
    return fileset::split_of_path(absolute_path(path));
  }

  // Below this directory where the user wrote it so.
  std::string path_of(const SplitId& split) const override {
    std::string path = fileset::path_of_split(split);
    const bool is_relative = !options_.pattern.starts_with('/');
    return is_relative && path.starts_with(here_) ? path.substr(here_.size()) : path;
  }

  std::string shown(const std::string& path) const override { return path; }

 private:
  const FileOptions options_;
  const std::string here_ = absolute_path(".") + "/";
};

}  // namespace

Result<fileset::FileVersion> version_of_file(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return errno_error(errno, "read it", path);
  fileset::FileVersion version{.num_bytes = static_cast<uint64_t>(info.st_size),
                               .mark = {}};
  append_big_endian(version.mark,
                    static_cast<uint64_t>(info.st_mtim.tv_sec) * kNanosPerSecond +
                        static_cast<uint64_t>(info.st_mtim.tv_nsec));
  return version;
}

std::shared_ptr<fileset::FileStore> make_local_files(FileOptions options) {
  return std::make_shared<LocalFiles>(std::move(options));
}

}  // namespace velo::file
