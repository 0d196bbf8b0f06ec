#include "velo/connectors/file/output_directory.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "velo/base/system_error.h"
#include "velo/storage/local_directory.h"
#include "velo/storage/local_file.h"
#include "velo/storage/local_manifest_store.h"
#include "velo/storage/local_output.h"

namespace velo::file {
namespace {

namespace fs = std::filesystem;

// Adds the files below `directory` + `below`.
Status list_files_below(const std::string& directory, const std::string& below,
                        std::vector<std::string>& files) {
  std::error_code error;
  fs::directory_iterator entry(directory + below, error);
  if (error.value() == ENOENT) return Status::OK();
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code ignored;  // gone since it was listed
    if (name.starts_with('.')) continue;
    if (entry->is_directory(ignored)) {
      const bool is_partition = name.find('=') != std::string::npos;
      if (!is_partition || entry->is_symlink(ignored)) continue;
      ARROW_RETURN_NOT_OK(list_files_below(directory, below + name + "/", files));
    } else {
      files.push_back(below + name);
    }
  }
  if (error) return errno_error(error.value(), "list it", directory + below);
  return Status::OK();
}

class LocalStagedOutput : public fileset::StagedOutput {
 public:
  LocalStagedOutput(std::string path, std::shared_ptr<storage::LocalOutput> output)
      : path_(std::move(path)), output_(std::move(output)), bytes_(output_) {}

  const std::shared_ptr<arrow::io::OutputStream>& bytes() const override {
    return bytes_;
  }

  Status finish(storage::ManifestFile&) override { return output_->sync_and_close(); }

  void discard() noexcept override { ::unlink(path_.c_str()); }

 private:
  const std::string path_;
  const std::shared_ptr<storage::LocalOutput> output_;
  const std::shared_ptr<arrow::io::OutputStream> bytes_;
};

class LocalStaging : public fileset::StagingArea {
 public:
  LocalStaging(std::string staging, std::string shown, std::string target)
      : staging_(std::move(staging)),
        shown_(std::move(shown)),
        target_(std::move(target)) {}

  Result<std::unique_ptr<fileset::StagedOutput>> create(
      const storage::ManifestFile& entry) override {
    ARROW_RETURN_NOT_OK(storage::check_rename(
        staging_, storage::parent_directory(target_ + entry.path) + "/"));
    ARROW_ASSIGN_OR_RAISE(
        auto output,
        storage::LocalOutput::create(staging_ + entry.staged, shown_ + entry.staged));
    return std::make_unique<LocalStagedOutput>(staging_ + entry.staged,
                                               std::move(output));
  }

  Status sync() override { return storage::sync_directory(staging_, shown_); }

 private:
  const std::string staging_;
  const std::string shown_;
  const std::string target_;
};

class LocalDirectory : public fileset::Directory {
 public:
  explicit LocalDirectory(std::string path) : path_(std::move(path)) {}

  Result<fileset::DirectoryRecord> open_record(const std::string& pipeline) override {
    auto store = std::make_unique<storage::LocalManifestStore>(path_, pipeline);
    fileset::DirectoryRecord record;
    record.exists = [place = store.get()]() -> Result<bool> { return place->exists(); };
    record.open_staging = [target = path_, place = store.get()] {
      return make_local_staging(place->staging_directory(),
                                place->shown_staging_directory(), target);
    };
    record.store = std::move(store);
    return record;
  }

  Result<std::vector<std::string>> list_records(const std::string& prefix,
                                                std::stop_token) override {
    ARROW_ASSIGN_OR_RAISE(auto names, storage::names_in(path_ + "_velo/"));
    std::erase_if(names, [&](const std::string& name) {
      return name.starts_with('.') || !name.starts_with(prefix);
    });
    std::ranges::sort(names);
    return names;
  }

  Result<std::vector<std::string>> list() override {
    std::vector<std::string> files;
    ARROW_RETURN_NOT_OK(list_files_below(path_, "", files));
    return files;
  }

  void check(CheckReport& report, const std::stop_token&) override {
    const auto write = [&]() -> Result<std::string> {
      const fs::path there = nearest_directory();
      // Without a name: nothing is seen of it, and nothing is left.
      ARROW_ASSIGN_OR_RAISE(const auto trial,
                            storage::StagedFile::create((there / "velo-check").string()));
      trial->discard();
      return there == fs::path(path_) / "" ? "it takes files"
                                           : "it may be made in " + there.string();
    };
    (void)report.tried("write " + path_, write());
  }

  const std::string& shown() const override { return path_; }

 private:
  // Of the directory and those above it the first that is there.
  fs::path nearest_directory() const {
    std::error_code ignored;
    fs::path there = path_;
    while (!there.empty() && !fs::exists(there, ignored)) {
      const fs::path above = there.parent_path();
      there = above == there ? fs::path() : above;
    }
    return there.empty() ? fs::path(".") : there;
  }

  const std::string path_;
};

}  // namespace

std::shared_ptr<fileset::Directory> make_output_directory(std::string directory) {
  if (!directory.ends_with('/')) directory += '/';
  return std::make_shared<LocalDirectory>(std::move(directory));
}

std::unique_ptr<fileset::StagingArea> make_local_staging(std::string staging,
                                                         std::string shown,
                                                         std::string target) {
  return std::make_unique<LocalStaging>(std::move(staging), std::move(shown),
                                        std::move(target));
}

}  // namespace velo::file
