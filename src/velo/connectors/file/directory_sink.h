#pragma once

/// A directory of files as a sink that keeps records.

#include <memory>
#include <string>
#include <vector>

#include "velo/commit.h"
#include "velo/connectors/file/options.h"

namespace velo::file {

/// Files below a directory, made visible by manifests (storage::ManifestCommitter).
class DirectorySink : public TransactionalSink {
 public:
  /// `directory` is literal; it need not be there.
  DirectorySink(std::string directory, FileOptions options);

  CommitKind commit_kind() const override { return CommitKind::kDurable; }
  std::string identity() const override { return options_.identity; }

  /// Errors: kInvalidArgument without `format=`; kAlreadyExists with mode=error where
  /// there are files, but for a pipeline that has begun to write them; kSystem.
  Result<std::unique_ptr<Committer>> create_committer(const PipelineIdentity& pipeline,
                                                      CommitObserver& observer) override;

 private:
  Status check_format() const;
  /// The files that mode=overwrite replaces and mode=error objects to, below the
  /// directory: those of the format, in it and in its partitions ("country=NL/").
  Result<std::vector<std::string>> files_of_this_format() const;

  const std::string directory_;  // with a slash at its end
  const FileOptions options_;
};

}  // namespace velo::file
