#include "velo/storage/s3_manifest_store.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <random>
#include <ranges>
#include <utility>

namespace velo::storage {
namespace {

constexpr std::string_view kManifestSuffix = ".json";
constexpr uint64_t kNumbers = 10'000'000'000'000;
// No process sleeps so long and goes on as if nothing had been.
constexpr std::chrono::hours kManifestsKept{7 * 24};
constexpr int kFewPerPage = 10;
constexpr int kManyPerPage = 1000;

std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

std::string inverse_of(uint64_t number) {
  return fmt::format("{:013}", kNumbers - number);
}

// As it is written: a person's "7" is none.
std::optional<uint64_t> parse_inverse(std::string_view text) {
  const auto inverse = parse_number(text);
  if (!inverse || *inverse >= kNumbers || inverse_of(kNumbers - *inverse) != text) {
    return {};
  }
  return kNumbers - *inverse;
}

std::optional<uint64_t> number_of_manifest(std::string_view name) {
  if (!name.ends_with(kManifestSuffix)) return {};
  return parse_inverse(name.substr(0, name.size() - kManifestSuffix.size()));
}

std::string_view name_of_path(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

// The fence in "part-INCARNATION-EPOCH-fFENCE-LANE-NUMBER.csv".
std::optional<uint64_t> fence_of(std::string_view name, std::string_view incarnation) {
  const std::string begin = fmt::format("part-{}-", incarnation);
  if (!name.starts_with(begin)) return {};
  name.remove_prefix(begin.size());
  const size_t fence = name.find("-f");
  if (fence == std::string_view::npos) return {};
  name.remove_prefix(fence + 2);
  return parse_number(name.substr(0, name.find('-')));
}

std::string random_token() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

Status may_have_appeared(const Status& status) {
  if (kind_of(status) == ErrorKind::kCancelled) return status;
  return make_error(
      ErrorKind::kCommitStateUnknown, {},
      fmt::format("{}; what was committed last may or may not be there: that is "
                  "found out when the pipeline goes on",
                  status.message()));
}

bool is_not_found(const Status& status) {
  return !status.ok() && kind_of(status) == ErrorKind::kNotFound;
}

}  // namespace

S3ManifestStore::S3ManifestStore(std::shared_ptr<S3Bucket> bucket, std::string prefix,
                                 const std::string& pipeline)
    : bucket_(std::move(bucket)),
      prefix_(std::move(prefix)),
      home_(fmt::format("{}_velo/{}/", prefix_, pipeline)) {}

std::string S3ManifestStore::key_of(uint64_t number) const {
  return fmt::format("{}{}{}", home_, inverse_of(number), kManifestSuffix);
}

std::string S3ManifestStore::done_key_of(std::string_view incarnation,
                                         uint64_t number) const {
  return fmt::format("{}done/{}-{}", home_, inverse_of(number), incarnation);
}

std::string S3ManifestStore::name_of(uint64_t number) const {
  return bucket_->client().shown(key_of(number));
}

Result<bool> S3ManifestStore::exists() {
  ARROW_ASSIGN_OR_RAISE(const uint64_t number, newest());
  if (number == 0) return false;
  const auto there = bucket_->get(key_of(number));
  if (is_not_found(there.status())) return false;
  ARROW_RETURN_NOT_OK(there);
  ARROW_ASSIGN_OR_RAISE(const Manifest manifest,
                        decode_manifest(name_of(number), there->text));
  return !manifest.is_forgotten;
}

Result<bool> S3ManifestStore::find() {
  ARROW_RETURN_NOT_OK(open());
  return true;
}

// A prefix needs no making.
Status S3ManifestStore::open() {
  const std::lock_guard lock(mutex_);
  last_ = {};
  gone_ = false;
  done_.clear();
  return Status::OK();
}

void S3ManifestStore::note(Seen seen) {
  const std::lock_guard lock(mutex_);
  if (seen.number >= last_.number) last_ = std::move(seen);
}

Result<bool> S3ManifestStore::is_there(const Seen& seen,
                                       const std::stop_token& stop) const {
  const auto there = bucket_->head(key_of(seen.number), stop);
  if (is_not_found(there.status())) return false;
  ARROW_RETURN_NOT_OK(there);
  return there->etag == seen.etag;
}

bool S3ManifestStore::is_gone() const {
  Seen last;
  {
    const std::lock_guard lock(mutex_);
    if (gone_) return true;
    last = last_;
  }
  // What cannot be looked at need not be gone.
  return last.number > 0 && !is_there(last, {}).ValueOr(true);
}

Result<uint64_t> S3ManifestStore::newest() {
  uint64_t newest = 0;
  const auto visit = [&](const S3Object& object) {
    newest = number_of_manifest(object.key.substr(home_.size())).value_or(0);
    return newest == 0;
  };
  ARROW_RETURN_NOT_OK(bucket_->list(home_, kFewPerPage, visit, stop_));
  return newest;
}

Result<std::string> S3ManifestStore::read(uint64_t number) {
  ARROW_ASSIGN_OR_RAISE(S3Text manifest, bucket_->get(key_of(number), stop_));
  note({number, std::move(manifest.etag)});
  return std::move(manifest.text);
}

// A number is only free for who goes on from the manifest before it. Where that is
// another, or gone, the record was forgotten since, from its beginning on, and this
// number with it; who has won it takes it back.
Result<bool> S3ManifestStore::publish(uint64_t number, std::string_view text) {
  const std::string key = key_of(number);
  ARROW_ASSIGN_OR_RAISE(const S3Put put,
                        bucket_->put_new(key, text, random_token(), stop_));
  if (!put.is_ours) return false;
  ARROW_RETURN_NOT_OK(check_condition(key, text));
  Seen before;
  {
    const std::lock_guard lock(mutex_);
    before = last_;
  }
  if (number > 1 && before.number == number - 1) {
    const auto goes_on = is_there(before, stop_);
    if (!goes_on.ok()) return may_have_appeared(goes_on.status());
    if (!*goes_on) {
      const Status taken_back = bucket_->remove(key, put.etag, stop_);
      if (!taken_back.ok()) return may_have_appeared(taken_back);
      const std::lock_guard lock(mutex_);
      gone_ = true;
      return false;
    }
  }
  note({number, put.etag});
  return true;
}

// A store that lets two have one number cannot keep records.
Status S3ManifestStore::check_condition(const std::string& key, std::string_view text) {
  if (honours_condition_) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const S3Put again,
                        bucket_->put_new(key, text, random_token(), stop_));
  if (again.is_ours) {
    return make_error(ErrorKind::kNotImplemented, bucket_->client().context(key),
                      "this store overwrites what is there although it is told not to "
                      "(If-None-Match), so that rows could be committed twice; write one "
                      "object, whose name does not end in /, or to another store");
  }
  honours_condition_ = true;
  return Status::OK();
}

Result<uint64_t> S3ManifestStore::newest_done(std::string_view incarnation) {
  done_.clear();
  const std::string place = home_ + "done/";
  const auto visit = [&](const S3Object& object) {
    const std::string name = object.key.substr(place.size());
    const auto number = parse_inverse(name.substr(0, name.find('-')));
    if (number && object.key == done_key_of(incarnation, *number)) {
      done_.push_back(*number);
    }
    return true;
  };
  ARROW_RETURN_NOT_OK(bucket_->list(place, kManyPerPage, visit, stop_));
  return done_.empty() ? 0 : std::ranges::max(done_);
}

Status S3ManifestStore::mark_done(std::string_view incarnation, uint64_t number) {
  ARROW_RETURN_NOT_OK(bucket_->put(done_key_of(incarnation, number), "", stop_));
  for (const uint64_t older : std::exchange(done_, {number})) {
    if (older >= number) continue;
    ARROW_RETURN_NOT_OK(bucket_->remove(done_key_of(incarnation, older), {}, stop_));
  }
  return Status::OK();
}

Status S3ManifestStore::complete(std::span<const ManifestFile> files,
                                 const std::function<void()>& after_one) {
  for (size_t i = 0; i < files.size(); ++i) {
    if (i == 1) after_one();
    ARROW_RETURN_NOT_OK(complete_one(files[i]));
  }
  return Status::OK();
}

Status S3ManifestStore::complete_one(const ManifestFile& file) {
  const S3Upload upload{.key = prefix_ + file.path, .id = file.upload};
  const Status status = bucket_->complete_upload(upload, file.parts, stop_);
  if (!is_not_found(status) || context_of(status)->vendor_code == "NoSuchBucket") {
    return status;
  }
  // Completed by another process, or before the answer was lost.
  const auto there = bucket_->head(upload.key, stop_);
  if (there.ok() && there->token == name_of_path(file.path)) return Status::OK();
  if (!there.ok() && !is_not_found(there.status())) return there.status();
  return make_error(
      ErrorKind::kCommitLost, bucket_->client().context(upload.key),
      "this object was committed, and neither it nor its upload is there: somebody has "
      "removed the one or aborted the other");
}

Status S3ManifestStore::remove(std::span<const std::string> paths) {
  for (const std::string& path : paths) {
    ARROW_RETURN_NOT_OK(bucket_->remove(prefix_ + path, {}, stop_));
  }
  return Status::OK();
}

Status S3ManifestStore::discard(std::span<const ManifestFile> files) {
  for (const ManifestFile& file : files) {
    ARROW_RETURN_NOT_OK(
        bucket_->abort_upload({.key = prefix_ + file.path, .id = file.upload}));
  }
  return Status::OK();
}

Status S3ManifestStore::remove_staged_below(std::string_view incarnation,
                                            uint64_t fence) {
  incarnation_ = incarnation;
  return abort_uploads(incarnation, fence);
}

Status S3ManifestStore::abort_uploads(std::string_view incarnation,
                                      uint64_t below_fence) {
  bool is_complete = false;
  bool removed_some = true;
  // A store that lists some, and not how to go on, lists others when these are gone.
  while (!is_complete && std::exchange(removed_some, false)) {
    ARROW_ASSIGN_OR_RAISE(const S3Uploads found, bucket_->list_uploads(prefix_, stop_));
    is_complete = found.is_complete;
    for (const S3Upload& upload : found.uploads) {
      const auto its_fence = fence_of(name_of_path(upload.key), incarnation);
      if (its_fence.value_or(below_fence) >= below_fence) continue;
      ARROW_RETURN_NOT_OK(bucket_->abort_upload(upload, stop_));
      removed_some = true;
    }
  }
  return Status::OK();
}

// The one before the base is kept too: publish() looks at it.
Status S3ManifestStore::remove_old_manifests(uint64_t number) {
  const std::string oldest_kept =
      fmt::format("{:%FT%T}", fmt::gmtime(std::chrono::system_clock::to_time_t(
                                  std::chrono::system_clock::now() - kManifestsKept)));
  std::vector<S3Object> old;
  ARROW_RETURN_NOT_OK(bucket_->list(home_, kManyPerPage, [&](const S3Object& object) {
    const auto its_number = number_of_manifest(object.key.substr(home_.size()));
    if (its_number.value_or(number) + 1 < number && object.modified < oldest_kept) {
      old.push_back(object);
    }
    return true;
  }));
  for (const S3Object& object : old) {
    ARROW_RETURN_NOT_OK(bucket_->remove(object.key, object.etag));
  }
  return Status::OK();
}

// The marks, then from the lowest number on, so that none is free whose predecessor is
// there. The newest goes last: as long as anything is there, so is what says that it is
// over. By their ETags: a process that slept meanwhile takes nothing from a record that
// began anew.
Status S3ManifestStore::forget() {
  if (!incarnation_.empty()) {
    ARROW_RETURN_NOT_OK(
        abort_uploads(incarnation_, std::numeric_limits<uint64_t>::max()));
  }
  std::vector<S3Object> objects;
  ARROW_RETURN_NOT_OK(bucket_->list(home_, kManyPerPage, [&](const S3Object& object) {
    objects.push_back(object);
    return true;
  }));
  for (const S3Object& object : std::views::reverse(objects)) {
    ARROW_RETURN_NOT_OK(bucket_->remove(object.key, object.etag));
  }
  return Status::OK();
}

}  // namespace velo::storage
