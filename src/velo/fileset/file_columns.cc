#include "velo/fileset/file_columns.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "velo/base/catch_to_status.h"
#include "velo/columnar/common_type.h"
#include "velo/columnar/schema_union.h"

namespace velo::fileset {
namespace {

// Of remote files each is waited for.
constexpr size_t kMostThreads = 8;
constexpr size_t kFilesPerThread = 16;
// Of so many different schemas equal ones are kept once.
constexpr size_t kMostKnown = 32;

// Looks at files on several threads.
class FileLook {
 public:
  FileLook(const Opener& opener, const std::vector<std::string>& files, bool keeps_bad)
      : opener_(opener),
        files_(files),
        keeps_bad_(keeps_bad),
        schemas_(files.size()),
        first_failed_(files.size()) {}

  Result<std::vector<std::shared_ptr<arrow::Schema>>> look() {
    const size_t num_threads =
        std::clamp(files_.size() / kFilesPerThread, size_t{1}, kMostThreads);
    std::vector<std::jthread> others;
    for (size_t i = 1; i < num_threads; ++i)
      others.emplace_back([this] { take_turns(); });
    take_turns();
    others.clear();
    ARROW_RETURN_NOT_OK(failure_);
    return std::move(schemas_);
  }

 private:
  // Up to the first that has failed: what comes before it is still to be seen.
  void take_turns() {
    for (size_t file = next_++; file < first_failed_; file = next_++) {
      const Status status =
          catch_to_status("while looking at files", [&] { return look_at(file); });
      if (status.ok()) continue;
      const std::lock_guard lock(mutex_);
      if (file >= first_failed_) continue;
      first_failed_ = file;
      failure_ = status;
    }
  }

  Status look_at(size_t file) {
    const std::string& path = files_[file];
    ARROW_ASSIGN_OR_RAISE(const FileVersion version, opener_.store().version_of(path));
    auto decoder = open(path, version, keeps_bad_);
    // Who reads the file says where it fails, after what comes before that; an earlier
    // run may have left it out.
    if (!keeps_bad_ && formats::is_fault_of_record(decoder.status())) {
      auto lenient = open(path, version, /*keeps_bad=*/true);
      if (lenient.ok()) decoder = std::move(lenient);
    }
    ARROW_RETURN_NOT_OK(decoder);
    schemas_[file] = known((*decoder)->schema());
    return Status::OK();
  }

  Result<std::unique_ptr<formats::Decoder>> open(const std::string& path,
                                                 const FileVersion& version,
                                                 bool keeps_bad) const {
    return opener_.open(path, version, {},
                        {.only_schema = true, .keep_bad_records = keeps_bad});
  }

  std::shared_ptr<arrow::Schema> known(const std::shared_ptr<arrow::Schema>& schema) {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find_if(
        known_, [&](const auto& one) { return one->Equals(*schema, false); });
    if (found != known_.end()) return *found;
    if (known_.size() < kMostKnown) known_.push_back(schema);
    return schema;
  }

  const Opener& opener_;
  const std::vector<std::string>& files_;
  const bool keeps_bad_;
  std::vector<std::shared_ptr<arrow::Schema>> schemas_;  // each is one thread's
  std::atomic<size_t> next_{0};
  std::atomic<size_t> first_failed_;
  std::mutex mutex_;
  // Guarded by mutex_.
  Status failure_;
  std::vector<std::shared_ptr<arrow::Schema>> known_;
};

}  // namespace

Result<std::shared_ptr<arrow::Schema>> unite_columns(
    const Opener& opener, const std::vector<std::string>& files, bool keeps_bad) {
  bool have_types = false;
  for (const std::string& file : files) {
    ARROW_ASSIGN_OR_RAISE(const FileEncoding encoding, opener.encoding_of(file));
    have_types = have_types || encoding.format->has_types;
  }
  ARROW_ASSIGN_OR_RAISE(const auto schemas, FileLook(opener, files, keeps_bad).look());
  SchemaUnion all(have_types ? common_type : common_guess,
                  [&](size_t file) { return opener.store().shown(files[file]); });
  for (const auto& schema : schemas) ARROW_RETURN_NOT_OK(all.add(schema));
  return have_types ? all.schema() : text_for_nothing(*all.schema());
}

}  // namespace velo::fileset
