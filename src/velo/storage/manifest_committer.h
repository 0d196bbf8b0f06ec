#pragma once

/// Commits by manifests: for sinks that are directories of files or objects.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "velo/commit.h"
#include "velo/storage/manifest_store.h"

namespace velo::storage {

/// What distinguishes one sink of files from another.
struct ManifestSink {
  std::unique_ptr<ManifestStore> store;
  /// Makes a writer that stages files; `record` is what recover() returned.
  std::function<Result<std::unique_ptr<EpochWriter>>(
      const CommitRecord& record, int lane, const std::shared_ptr<arrow::Schema>& schema)>
      make_writer;
  /// Lists the files that a commit replaces; empty where commits add. A sink that
  /// replaces commits once.
  std::function<Result<std::vector<std::string>>()> list_replaced;
};

/// The commit protocol of kDurable sinks (docs/design/commit-protocol.md):
/// a manifest is published by compare-and-set, then its files get their names, then it is
/// marked done. A process fences earlier ones by an empty manifest of its own.
/// Threads: thread-compatible.
class ManifestCommitter : public Committer {
 public:
  /// The observer outlives the committer.
  ManifestCommitter(PipelineIdentity pipeline, ManifestSink sink,
                    CommitObserver& observer);

  Result<CommitRecord> look(std::stop_token stop) override;
  Result<CommitRecord> recover(std::stop_token stop) override;
  bool commits_once() const override { return sink_.list_replaced != nullptr; }
  Result<std::unique_ptr<EpochWriter>> create_writer(
      int lane, const std::shared_ptr<arrow::Schema>& schema,
      std::stop_token stop) override;
  Status commit(const CommitRecord& record, std::span<const CommitToken> tokens) override;
  Status forget() override;

 private:
  Result<Manifest> read(uint64_t number) const;
  Result<CommitRecord> try_to_recover(bool& has_fence);
  Result<uint64_t> win_fence();
  Result<bool> is_of_a_forgotten_record(const Manifest& manifest) const;
  Result<CommitRecord> read_record_at(uint64_t newest);
  Status roll_forward(uint64_t newest);
  Result<std::vector<Manifest>> read_undone(uint64_t newest) const;
  Status complete(const Manifest& manifest);
  Status publish(uint64_t number, const std::string& text);
  Manifest manifest_of(const CommitRecord& record) const;

  const PipelineIdentity pipeline_;
  const ManifestSink sink_;
  CommitObserver& observer_;
  CommitRecord record_;  // as committed last, positions whole
  uint64_t base_ = 0;    // the newest manifest with all positions
};

}  // namespace velo::storage
