#pragma once

/// A directory of files as a sink that keeps records.

#include <memory>
#include <string>
#include <vector>

#include "velo/commit.h"
#include "velo/fileset/options.h"
#include "velo/fileset/staging.h"

namespace velo::fileset {

/// Files below a directory, made visible by manifests (storage::ManifestCommitter).
class DirectorySink : public TransactionalSink {
 public:
  DirectorySink(FilesetOptions options, std::shared_ptr<Directory> directory)
      : options_(std::move(options)), directory_(std::move(directory)) {}

  /// See DataSink::limit_memory.
  void limit_memory(int64_t bytes_per_writer) {
    options_.writer_bytes = bytes_per_writer;
  }

  CommitKind commit_kind() const override { return CommitKind::kDurable; }
  std::string identity() const override { return options_.identity; }

  Result<std::vector<std::string>> list_pipelines(const std::string& prefix,
                                                  std::stop_token stop) override {
    return directory_->list_records(prefix, std::move(stop));
  }

  /// Its writers alone need to know the format. Errors: kAlreadyExists with mode=error
  /// where there are files, but for a pipeline that has begun to write them; kSystem.
  Result<std::unique_ptr<Committer>> create_committer(const PipelineIdentity& pipeline,
                                                      CommitObserver& observer) override;

  /// Check that the address tells the format of the files. Errors: kInvalidArgument.
  Status check_format() const;

  /// See DataSink::check.
  void check(CheckReport& report, const std::stop_token& stop) const;

 private:
  /// The files that mode=overwrite replaces and mode=error objects to: those of the
  /// format.
  Result<std::vector<std::string>> files_of_this_format() const;

  FilesetOptions options_;
  const std::shared_ptr<Directory> directory_;
};

}  // namespace velo::fileset
