#include "velo/storage/manifest_committer.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "velo/base/random_id.h"
#include "velo/base/stop_scope.h"
#include "velo/base/utc_time.h"
#include "velo/version.h"

namespace velo::storage {
namespace {

// A manifest with all positions comes so often, so that few have to be read.
constexpr uint64_t kEpochsPerBase = 100;
constexpr int kMaxAttempts = 20;

Manifest new_record(const std::string& pipeline, uint64_t last_fence) {
  Manifest manifest;
  manifest.record.pipeline = pipeline;
  manifest.record.incarnation = random_id();
  manifest.record.fence = last_fence;
  return manifest;
}

// Says of a manifest that it is written by this program, now.
void stamp(Manifest& manifest) {
  manifest.record.written_at = utc_now();
  manifest.record.velo_version = version();
}

Status fenced(const std::string& pipeline, std::string_view what) {
  return make_error(
      ErrorKind::kFenced, {.resource = pipeline},
      fmt::format("a newer run of this pipeline {}; this one has stopped and committed "
                  "nothing more",
                  what));
}

// What has failed after the decision is put right by the next recover().
Status is_decided(const std::string& pipeline, uint64_t epoch, const Status& cause) {
  if (kind_of(cause) == ErrorKind::kCommitLost) return cause;
  return make_error(
      ErrorKind::kCommitStateUnknown, {.resource = pipeline},
      fmt::format(
          "epoch {} is committed, but not all of it has appeared yet: {}. Put that "
          "right and run again: that completes it",
          epoch, cause.message()));
}

Status gone(const std::string& name) {
  return make_error(ErrorKind::kCommitLost, {.resource = name},
                    "a part of the pipeline's record is gone; put it back, or remove the "
                    "directory that it was in to begin anew");
}

bool is_lost(const Status& status) {
  return !status.ok() && kind_of(status) == ErrorKind::kCommitLost;
}

// Says of a writer whose record was taken away what has happened.
class WatchedWriter : public EpochWriter {
 public:
  WatchedWriter(std::unique_ptr<EpochWriter> writer, const ManifestStore& store,
                const std::string& pipeline)
      : writer_(std::move(writer)), store_(store), pipeline_(pipeline) {}

  Status write(const Batch& batch, std::stop_token stop) override {
    return explain(writer_->write(batch, std::move(stop)));
  }

  Status change_schema(const std::shared_ptr<arrow::Schema>& schema,
                       std::stop_token stop) override {
    return explain(writer_->change_schema(schema, std::move(stop)));
  }

  Result<CommitToken> prepare(const CommitRecord& record) override {
    auto token = writer_->prepare(record);
    if (!token.ok()) return explain(token.status());
    return token;
  }

  int64_t bytes_written() const override { return writer_->bytes_written(); }

 private:
  Status explain(Status status) const {
    // Who has asked for a stop does not wait for the store's answer.
    if (status.ok() || kind_of(status) == ErrorKind::kCancelled) return status;
    if (!store_.is_gone()) return status;
    return fenced(pipeline_, "has taken over and finished");
  }

  const std::unique_ptr<EpochWriter> writer_;
  const ManifestStore& store_;
  const std::string& pipeline_;
};

}  // namespace

ManifestCommitter::ManifestCommitter(PipelineIdentity pipeline, ManifestSink sink,
                                     CommitObserver& observer)
    : pipeline_(std::move(pipeline)), sink_(std::move(sink)), observer_(observer) {}

// Until it stands still: while it is read, others may commit, or take it away in parts.
Result<CommitRecord> ManifestCommitter::look(std::stop_token stop) {
  const StopScope scope(*sink_.store, std::move(stop));
  for (uint64_t before = 0;;) {
    ARROW_ASSIGN_OR_RAISE(const bool found, sink_.store->find());
    if (!found) return CommitRecord();
    ARROW_ASSIGN_OR_RAISE(const uint64_t newest, sink_.store->newest());
    if (newest == 0) return CommitRecord();
    auto record = read_record_at(newest);
    if (record.ok()) return record;
    if (newest == before) {
      ARROW_ASSIGN_OR_RAISE(const Manifest last, read(newest));
      ARROW_ASSIGN_OR_RAISE(const bool is_left_alone, is_of_a_forgotten_record(last));
      return is_left_alone ? CommitRecord() : record;
    }
    before = newest;
  }
}

// The order is what makes it safe: a process that lists before it fences can miss what an
// older one publishes in between, and then remove it.
Result<CommitRecord> ManifestCommitter::recover(std::stop_token stop) {
  const StopScope scope(*sink_.store, stop);
  for (int attempt = 1;; ++attempt) {
    ARROW_RETURN_NOT_OK(sink_.store->open());
    bool has_fence = false;
    auto record = try_to_recover(has_fence);
    if (stop.stop_requested()) return record;
    // A run that has finished took its record away between two of our steps: an older
    // one where we had no fence yet, else one that has taken over from us.
    if (!sink_.store->is_gone() || attempt == kMaxAttempts) return record;
    if (has_fence) return fenced(pipeline_.id, "has taken over and finished");
  }
}

Result<CommitRecord> ManifestCommitter::try_to_recover(bool& has_fence) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t newest, win_fence());
  has_fence = true;
  observer_.reached(CommitStep::kInRecover);
  ARROW_ASSIGN_OR_RAISE(record_, read_record_at(newest));
  ARROW_RETURN_NOT_OK(roll_forward(newest));
  ARROW_RETURN_NOT_OK(
      sink_.store->remove_staged_below(record_.incarnation, record_.fence));
  return record_;
}

Result<Manifest> ManifestCommitter::read(uint64_t number) const {
  const std::string name = sink_.store->name_of(number);
  const auto text = sink_.store->read(number);
  if (!text.ok() && kind_of(text.status()) == ErrorKind::kNotFound) return gone(name);
  ARROW_RETURN_NOT_OK(text);
  ARROW_ASSIGN_OR_RAISE(Manifest manifest, decode_manifest(name, *text));
  if (manifest.record.pipeline == pipeline_.id && manifest.record.epoch == number) {
    return manifest;
  }
  return make_error(ErrorKind::kCorruptData, {.resource = name},
                    fmt::format("it says that it is epoch {} of pipeline {}; put back "
                                "what was there",
                                manifest.record.epoch, manifest.record.pipeline));
}

Result<uint64_t> ManifestCommitter::win_fence() {
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t newest, sink_.store->newest());
    Manifest before;
    if (newest > 0) {
      auto there = read(newest);
      if (is_lost(there.status())) {
        // An earlier run, which has ended, may have taken it away since.
        ARROW_ASSIGN_OR_RAISE(const uint64_t now, sink_.store->newest());
        if (now != newest) continue;
      }
      ARROW_ASSIGN_OR_RAISE(before, std::move(there));
    }
    ARROW_ASSIGN_OR_RAISE(const bool is_left_alone,
                          newest > 0 ? is_of_a_forgotten_record(before) : false);
    const bool is_new = newest == 0 || before.is_forgotten || is_left_alone;
    Manifest fence = is_new ? new_record(pipeline_.id, before.record.fence) : before;
    fence.record.fence += 1;
    fence.record.epoch = newest + 1;
    fence.record.positions.clear();
    fence.record.num_rows = 0;
    fence.is_base = is_new;
    fence.files.clear();
    fence.removes.clear();
    stamp(fence);
    ARROW_ASSIGN_OR_RAISE(const bool is_ours,
                          sink_.store->publish(newest + 1, encode_manifest(fence)));
    if (is_ours) return newest + 1;
    if (sink_.store->is_gone()) return fenced(pipeline_.id, "has finished");
  }
}

// Whether a process that slept until its record was gone has taken a number, and was
// killed before it took it back. In a record, a mark comes before the first commit.
Result<bool> ManifestCommitter::is_of_a_forgotten_record(const Manifest& manifest) const {
  const bool begins =
      manifest.is_base && manifest.files.empty() && manifest.total_rows == 0;
  if (begins || !is_lost(read(manifest.record.epoch - 1).status())) return false;
  ARROW_ASSIGN_OR_RAISE(const uint64_t done,
                        sink_.store->newest_done(manifest.record.incarnation));
  return done == 0;
}

Result<CommitRecord> ManifestCommitter::read_record_at(uint64_t newest) {
  ARROW_ASSIGN_OR_RAISE(Manifest manifest, read(newest));
  if (manifest.is_forgotten) return CommitRecord();
  CommitRecord record = std::move(manifest.record);
  record.num_rows = manifest.total_rows;
  for (base_ = newest; !manifest.is_base;) {
    ARROW_ASSIGN_OR_RAISE(manifest, read(--base_));
    // What a newer manifest says of a split counts.
    record.positions.merge(manifest.record.positions);
  }
  return record;
}

Status ManifestCommitter::roll_forward(uint64_t newest) {
  ARROW_ASSIGN_OR_RAISE(const auto manifests, read_undone(newest));
  for (const Manifest& manifest : std::views::reverse(manifests)) {
    ARROW_RETURN_NOT_OK(complete(manifest));
  }
  return sink_.store->mark_done(record_.incarnation, newest);
}

// The newest first. A record without a mark is read back to its beginning, before which
// may be what is left of one that was forgotten, or nothing of that any more.
Result<std::vector<Manifest>> ManifestCommitter::read_undone(uint64_t newest) const {
  ARROW_ASSIGN_OR_RAISE(const uint64_t done,
                        sink_.store->newest_done(record_.incarnation));
  std::vector<Manifest> manifests;
  for (uint64_t number = newest; number > done; --number) {
    auto manifest = read(number);
    const bool is_before_all = done == 0 && number < newest && manifests.back().is_base;
    if (is_before_all && is_lost(manifest.status())) break;
    ARROW_RETURN_NOT_OK(manifest);
    if (manifest->record.incarnation != record_.incarnation) break;
    manifests.push_back(*std::move(manifest));
  }
  return manifests;
}

Status ManifestCommitter::complete(const Manifest& manifest) {
  ARROW_RETURN_NOT_OK(sink_.store->complete(
      manifest.files, [&] { observer_.reached(CommitStep::kBetweenCompletes); }));
  return sink_.store->remove(manifest.removes);
}

Result<std::unique_ptr<EpochWriter>> ManifestCommitter::create_writer(
    int lane, const std::shared_ptr<arrow::Schema>& schema, std::stop_token) {
  auto writer = sink_.make_writer(record_, lane, schema);
  if (!writer.ok()) return writer;
  return std::make_unique<WatchedWriter>(*std::move(writer), *sink_.store, pipeline_.id);
}

Manifest ManifestCommitter::manifest_of(const CommitRecord& record) const {
  Manifest manifest{.record = record};
  stamp(manifest);
  manifest.total_rows = record.num_rows;
  manifest.is_base = commits_once() || record.epoch >= base_ + kEpochsPerBase;
  if (commits_once()) return manifest;  // nothing of what was before counts any more
  manifest.total_rows += record_.num_rows;
  if (manifest.is_base) {
    manifest.record.positions.insert(record_.positions.begin(), record_.positions.end());
  }
  return manifest;
}

Status ManifestCommitter::publish(uint64_t number, const std::string& text) {
  auto is_ours = sink_.store->publish(number, text);
  if (is_ours.ok() && *is_ours) return Status::OK();
  if (sink_.store->is_gone()) {
    return fenced(pipeline_.id, "has taken over and finished");
  }
  ARROW_RETURN_NOT_OK(is_ours);
  ARROW_ASSIGN_OR_RAISE(const std::string there, sink_.store->read(number));
  if (there == text) return Status::OK();  // ours after all: its answer was lost
  ARROW_ASSIGN_OR_RAISE(const Manifest theirs, read(number));
  return fenced(pipeline_.id, fmt::format("has taken over (fence {}, ours is {})",
                                          theirs.record.fence, record_.fence));
}

Status ManifestCommitter::commit(const CommitRecord& record,
                                 std::span<const CommitToken> tokens) {
  Manifest manifest = manifest_of(record);
  for (const CommitToken& token : tokens) {
    ARROW_ASSIGN_OR_RAISE(auto files, decode_token(token));
    std::ranges::move(files, std::back_inserter(manifest.files));
  }
  if (sink_.list_replaced) {
    ARROW_ASSIGN_OR_RAISE(manifest.removes, sink_.list_replaced());
  }
  const Status published = publish(record.epoch, encode_manifest(manifest));
  if (!published.ok()) {
    // Who is fenced is not heard of again: its files are for nobody.
    if (kind_of(published) == ErrorKind::kFenced) {
      (void)sink_.store->discard(manifest.files);
    }
    return published;
  }
  observer_.reached(CommitStep::kAfterPublish);
  Status status = complete(manifest);
  if (status.ok()) status = sink_.store->mark_done(record.incarnation, record.epoch);
  if (!status.ok() && sink_.store->is_gone()) {
    return fenced(pipeline_.id, "has taken over and finished");
  }
  if (!status.ok()) return is_decided(pipeline_.id, record.epoch, status);

  Positions whole = std::exchange(record_.positions, {});
  if (commits_once()) whole.clear();
  for (const auto& [split, progress] : record.positions) {
    whole.insert_or_assign(split, progress);
  }
  record_ = record;
  record_.positions = std::move(whole);
  record_.num_rows = manifest.total_rows;
  if (!manifest.is_base) return Status::OK();
  base_ = record.epoch;
  return sink_.store->remove_old_manifests(base_);
}

// The next number is taken first: who holds it is the newest, and nobody older can
// publish any more. Else the record is somebody's who goes on.
Status ManifestCommitter::forget() {
  if (record_.fence == 0) return Status::OK();
  Manifest end{.record = record_};
  end.record.epoch = record_.epoch + 1;
  end.record.positions.clear();
  end.record.num_rows = 0;
  stamp(end);
  end.is_base = true;
  end.is_forgotten = true;
  const auto is_ours = sink_.store->publish(end.record.epoch, encode_manifest(end));
  if (sink_.store->is_gone()) return Status::OK();
  ARROW_RETURN_NOT_OK(is_ours);
  return *is_ours ? sink_.store->forget() : Status::OK();
}

}  // namespace velo::storage
