#pragma once

/// A process's hold on a branch of a table.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "velo/commit.h"
#include "velo/connectors/iceberg/append.h"
#include "velo/connectors/iceberg/catalog.h"
#include "velo/connectors/iceberg/file_io.h"
#include "velo/connectors/iceberg/pipeline_tag.h"

namespace velo::iceberg {

/// Holds a branch for one pipeline by a tag (pipeline_tag.h), and commits to it.
/// Threads: thread-compatible, but files().
class TableHold {
 public:
  TableHold(IcebergOptions options, PipelineIdentity pipeline)
      : options_(std::move(options)), pipeline_(std::move(pipeline)) {}

  /// Let the calls that follow end soon after a stop was requested, with kCancelled.
  void set_stop(const std::stop_token& stop);

  /// What the newest process has left or has; nullopt where there was none.
  struct Found {
    LoadedTable table;
    std::unique_ptr<FileIo> files;
    PipelineTag tag;
  };

  /// Look for the pipeline in the branch, taking nothing over. Errors: kNotImplemented,
  /// as take().
  Result<std::optional<Found>> look();

  /// Take the branch over from every earlier process of the pipeline; does nothing where
  /// the table is not there. `first_summary` tells, of a fence, what an empty snapshot
  /// says that has to be made where the pipeline is new. Errors: kCommitLost where its
  /// record is gone; kNotImplemented for a table that cannot be written.
  Status take(
      const std::function<std::map<std::string, std::string>(uint64_t)>& first_summary);

  /// Make the table, which is then to be taken; one that is there is left as it is.
  Status make_table(const TableSchema& schema);

  /// The table as it is now. Errors: kCommitLost where it was dropped since.
  Result<LoadedTable> load();

  /// Commit an append. Errors: kFenced; kCommitStateUnknown; others: it was not.
  Status publish(const Append& append);

  /// Remove the tag. A named pipeline leaves an empty snapshot of this summary behind,
  /// which tells that nobody has lost it. Idempotent.
  Status release(const std::map<std::string, std::string>& last_summary);

  /// Whether the table was there to be taken.
  bool has_table() const { return files_ != nullptr; }
  const std::shared_ptr<FileIo>& files() const { return files_; }
  const PipelineTag& tag() const { return tag_; }
  /// What the names of our files begin with.
  std::string prefix() const;

  /// What to say when a newer process has taken over: kFenced.
  Status fenced() const;

 private:
  Status open(bool creates);
  std::string name() const { return tag_name(pipeline_.id, options_.branch, tag_.fence); }
  Result<PipelineTag> raise(const LoadedTable& table, const PipelineTag& before);
  Result<PipelineTag> begin(const LoadedTable& table,
                            std::map<std::string, std::string> summary, int attempt);
  /// Let a commit append an empty snapshot.
  Status add_end(const LoadedTable& table,
                 const std::map<std::string, std::string>& summary, int attempt,
                 TableCommit& commit);
  Status check_history(const TableMetadata& metadata) const;
  Status try_to_publish(const Append& append, int attempt);

  const IcebergOptions options_;
  const PipelineIdentity pipeline_;
  std::stop_token stop_;
  std::unique_ptr<Catalog> catalog_;  // nullptr: is not open yet
  std::shared_ptr<FileIo> files_;     // of the table; nullptr where there is none
  std::string uuid_;                  // the table's
  PipelineTag tag_;                   // ours
};

/// Check that rows can be appended to a table. Errors: kNotImplemented, kNotFound.
Status check_writable(const IcebergOptions& options, const TableMetadata& metadata);

}  // namespace velo::iceberg
