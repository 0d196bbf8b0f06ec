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
  ~LocalManifestStore() override;

  /// Whether there is a record of the pipeline.
  bool exists() const;

  /// Where writers stage files, with a slash at its end, once it is open; the files'
  /// names begin with "f", the fence in decimal and "-". The path is of this process
  /// alone, and means this record even when another has taken its place.
  const std::string& staging_directory() const { return staging_; }

  /// How messages call that.
  std::string shown_staging_directory() const { return home_ + "staged/"; }

  void set_stop(const std::stop_token&) override {}  // nothing waits for long
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
  Status complete_one(const ManifestFile& file);
  Result<std::vector<std::string>> names_in_record() const;
  std::string path_of(uint64_t number) const;

  /// A status with the names that people know.
  Status respell(const Status& status) const;

  const std::string directory_;
  const std::string pipeline_;
  const std::string home_;  // DIRECTORY/_velo/PIPELINE/
  // The same through a descriptor: where it was removed, nothing of ours gets into what
  // another process has made in its place.
  int descriptor_ = -1;
  std::string records_;
  std::string staging_;
  std::vector<std::string> made_;  // directories that were not there
};

}  // namespace velo::storage
