#pragma once

#include <memory>
#include <string>

#include "velo/storage/manifest_store.h"

namespace velo::storage {

/// Manifests in a directory of this machine, beside the files that they speak of:
///
///     DIRECTORY/_velo/PIPELINE/0000000000017.json   a manifest, by link(2)
///     DIRECTORY/_velo/PIPELINE/done-0000000000017   its files have their names
///     DIRECTORY/_velo/PIPELINE/staged/f2-…          see staging_directory()
///
/// A file system needs hard links and atomic renames for it.
/// Threads: thread-compatible. Any number of processes.
class LocalManifestStore : public ManifestStore {
 public:
  /// `directory` ends in a slash. Nothing is made before it is needed.
  LocalManifestStore(std::string directory, const std::string& pipeline);

  /// Make the directories where they are not there yet.
  Status open();

  /// Whether there is a record of the pipeline.
  bool exists() const;

  /// Where writers stage files, with a slash at its end; the files' names begin with
  /// "f", the fence in decimal and "-".
  const std::string& staging_directory() const { return staging_; }

  Result<uint64_t> newest() override;
  Result<std::string> read(uint64_t number) override;
  Result<bool> publish(uint64_t number, std::string_view text) override;
  Result<uint64_t> newest_done() override;
  Status mark_done(uint64_t number) override;
  Status complete(std::span<const ManifestFile> files,
                  const std::function<void()>& after_one) override;
  Status remove(std::span<const std::string> paths) override;
  Status remove_staged_below(uint64_t fence) override;
  Status remove_old_manifests(uint64_t number) override;
  Status forget() override;
  std::string name_of(uint64_t number) const override;

 private:
  Status complete_one(const ManifestFile& file);

  const std::string directory_;
  const std::string pipeline_;
  const std::string records_;  // DIRECTORY/_velo/PIPELINE/
  const std::string staging_;
  std::vector<std::string> made_;  // directories that were not there
};

}  // namespace velo::storage
