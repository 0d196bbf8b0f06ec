#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "velo/storage/manifest_store.h"
#include "velo/storage/s3_bucket.h"

namespace velo::storage {

/// Manifests in a bucket, beside the objects that they speak of:
///
///     PREFIX_velo/PIPELINE/9999999999983.json                    manifest 17, by PUT
///     with
///                                                                If-None-Match: *
///     PREFIX_velo/PIPELINE/done/9999999999983-09af2b5c1d7e8f60   its objects are there
///
/// 10^13 less the number, so that the newest is listed first. A mark has the record's
/// incarnation, since a process may wake up and write it when that record is gone and
/// another has its numbers. Staged files are uploads
/// that are not completed; their names begin with "part-", the incarnation and the epoch,
/// then "-f" and the fence. The store of the bucket must honour If-None-Match.
/// Threads: thread-compatible, but is_gone(), which is safe. Any number of processes.
class S3ManifestStore : public ManifestStore {
 public:
  /// `prefix` is empty or ends in a slash.
  S3ManifestStore(std::shared_ptr<S3Bucket> bucket, std::string prefix,
                  const std::string& pipeline);

  /// Whether there is a record of the pipeline that a run would go on from.
  Result<bool> exists();

  void set_stop(const std::stop_token& stop) override { stop_ = stop; }
  Result<bool> find() override;
  Status open() override;
  bool is_gone() const override;
  Result<uint64_t> newest() override;
  Result<std::string> read(uint64_t number) override;
  Result<bool> publish(uint64_t number, std::string_view text) override;
  Result<uint64_t> newest_done(std::string_view incarnation) override;
  Status mark_done(std::string_view incarnation, uint64_t number) override;
  Status complete(std::span<const ManifestFile> files,
                  const std::function<void()>& after_one) override;
  Status remove(std::span<const std::string> paths) override;
  Status discard(std::span<const ManifestFile> files) override;
  Status remove_staged_below(std::string_view incarnation, uint64_t fence) override;
  Status remove_old_manifests(uint64_t number) override;
  Status forget() override;
  std::string name_of(uint64_t number) const override;

 private:
  // A manifest that was seen.
  struct Seen {
    uint64_t number = 0;
    std::string etag;
  };

  std::string key_of(uint64_t number) const;
  std::string done_key_of(std::string_view incarnation, uint64_t number) const;
  void note(Seen seen);
  Result<bool> is_there(const Seen& seen, const std::stop_token& stop) const;
  Status abort_uploads(std::string_view incarnation, uint64_t below_fence);
  Status check_condition(const std::string& key, std::string_view text);
  Status complete_one(const ManifestFile& file);

  const std::shared_ptr<S3Bucket> bucket_;
  const std::string prefix_;
  const std::string home_;  // PREFIX_velo/PIPELINE/
  std::stop_token stop_;
  mutable std::mutex mutex_;
  Seen last_;          // guarded by mutex_
  bool gone_ = false;  // guarded by mutex_
  bool honours_condition_ = false;
  std::string incarnation_;     // as recover() has found it
  std::vector<uint64_t> done_;  // marks of the incarnation that are there
};

}  // namespace velo::storage
