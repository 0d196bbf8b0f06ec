#pragma once

/// Processes of a pipeline that commit small files into one directory.

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "velo/storage/local_directory.h"
#include "velo/storage/local_manifest_store.h"
#include "velo/storage/manifest_committer.h"
#include "velo/testing/temporary_folder.h"

namespace velo::storage {

/// Thrown out of a committer, to leave it where a kill would.
struct Killed {};

/// Runs something when a step is reached.
class AtStep : public CommitObserver {
 public:
  AtStep(CommitStep step, std::function<void()> action)
      : step_(step), action_(std::move(action)) {}
  void reached(CommitStep step) override {
    if (step == step_) action_();
  }

 private:
  const CommitStep step_;
  const std::function<void()> action_;
};

/// One process: its hold on the directory and what it has staged.
class TestProcess {
 public:
  static Result<std::unique_ptr<TestProcess>> start(const std::string& directory,
                                                    std::string pipeline = "orders",
                                                    CommitObserver& observer = none()) {
    auto store = std::make_unique<LocalManifestStore>(directory, pipeline);
    ARROW_RETURN_NOT_OK(store->open());
    return std::unique_ptr<TestProcess>(
        new TestProcess(directory, std::move(pipeline), std::move(store), observer));
  }

  /// Recover, and take the record for one's own.
  Result<CommitRecord> recover() {
    ARROW_ASSIGN_OR_RAISE(record_, committer_.recover({}));
    return record_;
  }

  /// Stage a file that is to be called so.
  ManifestFile stage(const std::string& path, const std::string& content = "rows") {
    const std::string staged =
        fmt::format("f{}-e{}-0-{}.part", record_.fence, record_.epoch + 1, num_staged_++);
    std::ofstream(store_.staging_directory() + staged) << content;
    return {.staged = staged,
            .path = path,
            .num_rows = 1,
            .num_bytes = static_cast<int64_t>(content.size())};
  }

  /// Commit files, and positions of splits.
  Status commit(const std::vector<ManifestFile>& files, Positions positions = {},
                int64_t num_rows = 1) {
    CommitRecord record = record_;
    ++record.epoch;
    record.positions = std::move(positions);
    record.num_rows = num_rows;
    const CommitToken token = encode_token(files);
    ARROW_RETURN_NOT_OK(committer_.commit(record, {&token, 1}));
    record_ = record;
    return Status::OK();
  }

  /// Stage one file and commit it.
  Status commit_file(const std::string& path) { return commit({stage(path)}); }

  Status forget() { return committer_.forget(); }
  const CommitRecord& record() const { return record_; }

 private:
  TestProcess(const std::string& directory, std::string pipeline,
              std::unique_ptr<LocalManifestStore> store, CommitObserver& observer)
      : store_(*store),
        committer_({.id = std::move(pipeline)},
                   {.store = std::move(store),
                    .make_writer = nullptr,
                    .list_replaced = list_replaced(directory)},
                   observer) {}

  static CommitObserver& none() {
    static CommitObserver observer;
    return observer;
  }

  // A directory whose name has "overwrite" in it is replaced.
  static std::function<Result<std::vector<std::string>>()> list_replaced(
      const std::string& directory) {
    if (directory.find("overwrite") == std::string::npos) return nullptr;
    return [directory]() -> Result<std::vector<std::string>> {
      ARROW_ASSIGN_OR_RAISE(auto names, names_in(directory));
      std::erase(names, "_velo");
      return names;
    };
  }

  LocalManifestStore& store_;  // the committer's, which opens it anew when it recovers
  ManifestCommitter committer_;
  CommitRecord record_;
  int num_staged_ = 0;
};

}  // namespace velo::storage
