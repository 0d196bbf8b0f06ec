#pragma once

/// Where the manifests and the staged files of one pipeline are kept.

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "velo/error.h"
#include "velo/storage/manifest.h"

namespace velo::storage {

/// Manifests by number, the compare-and-set on them, and what a manifest decides about.
/// Threads: thread-compatible.
class ManifestStore {
 public:
  virtual ~ManifestStore() = default;

  /// Let the calls that follow end soon after a stop was requested, with kCancelled.
  virtual void set_stop(const std::stop_token& stop) = 0;

  /// Go to where the record is; false where that is not there.
  virtual Result<bool> find() = 0;

  /// The same, making it where it is not there.
  virtual Status open() = 0;

  /// Whether the record was removed since find() or open(): a newer process has finished.
  virtual bool is_gone() const = 0;

  /// The greatest number of a manifest; 0 without any.
  virtual Result<uint64_t> newest() = 0;

  /// The text of a manifest. Errors: kNotFound.
  virtual Result<std::string> read(uint64_t number) = 0;

  /// Make a manifest appear, whole and durable; false where the number is taken.
  /// Errors: kCommitStateUnknown where it may have appeared.
  virtual Result<bool> publish(uint64_t number, std::string_view text) = 0;

  /// The greatest number that was marked done in the record of this incarnation; 0
  /// without any. All before it are done too.
  virtual Result<uint64_t> newest_done(std::string_view incarnation) = 0;
  virtual Status mark_done(std::string_view incarnation, uint64_t number) = 0;

  /// Give staged files their names. Idempotent: a file that has its name is passed over.
  /// `after_one` is called when some are named and some are not. Errors: kCommitLost for
  /// a file that is neither staged nor there; kAlreadyExists for a name that is taken.
  virtual Status complete(std::span<const ManifestFile> files,
                          const std::function<void()>& after_one) = 0;

  /// Remove files of the sink. One that is not there is passed over.
  virtual Status remove(std::span<const std::string> paths) = 0;

  /// Remove staged files that no manifest names.
  virtual Status discard(std::span<const ManifestFile> files) = 0;

  /// Remove what the pipeline, known by its incarnation, has staged under lower fences.
  virtual Status remove_staged_below(std::string_view incarnation, uint64_t fence) = 0;

  /// Remove manifests below `number` that are older than any process that could still
  /// write one of theirs.
  virtual Status remove_old_manifests(uint64_t number) = 0;

  /// Remove everything of the pipeline but its files, the newest manifest last. Only for
  /// who has published that one, which ends the record.
  virtual Status forget() = 0;

  /// How messages call a manifest.
  virtual std::string name_of(uint64_t number) const = 0;
};

}  // namespace velo::storage
