#include "velo/storage/manifest_committer.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "velo/version.h"

namespace velo::storage {
namespace {

// A manifest with all positions comes so often, so that few have to be read.
constexpr uint64_t kEpochsPerBase = 100;

std::string random_incarnation() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

std::string now_as_text() {
  return fmt::format("{:%FT%TZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(
                                      std::chrono::system_clock::now())));
}

Status fenced(const std::string& pipeline, uint64_t ours, uint64_t theirs) {
  return make_error(ErrorKind::kFenced, {.resource = pipeline},
                    fmt::format("a newer run of this pipeline has taken over (fence {}, "
                                "ours is {}); this one has stopped and committed nothing "
                                "more",
                                theirs, ours));
}

}  // namespace

ManifestCommitter::ManifestCommitter(PipelineIdentity pipeline, ManifestSink sink,
                                     CommitObserver& observer)
    : pipeline_(std::move(pipeline)), sink_(std::move(sink)), observer_(observer) {}

// The order is what makes it safe: a process that lists before it fences can miss what an
// older one publishes in between, and then remove it.
Result<CommitRecord> ManifestCommitter::recover() {
  ARROW_ASSIGN_OR_RAISE(const uint64_t newest, win_fence());
  observer_.reached(CommitStep::kInRecover);
  ARROW_ASSIGN_OR_RAISE(record_, read_record(newest));
  ARROW_RETURN_NOT_OK(roll_forward(newest));
  ARROW_RETURN_NOT_OK(sink_.store->remove_staged_below(record_.fence));
  return record_;
}

Result<Manifest> ManifestCommitter::read(uint64_t number) const {
  const std::string name = sink_.store->name_of(number);
  ARROW_ASSIGN_OR_RAISE(const std::string text, sink_.store->read(number));
  ARROW_ASSIGN_OR_RAISE(Manifest manifest, decode_manifest(name, text));
  if (manifest.record.pipeline == pipeline_.id && manifest.record.epoch == number) {
    return manifest;
  }
  return make_error(ErrorKind::kCorruptData, {.resource = name},
                    fmt::format("it says that it is epoch {} of pipeline {}",
                                manifest.record.epoch, manifest.record.pipeline));
}

Result<uint64_t> ManifestCommitter::win_fence() {
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t newest, sink_.store->newest());
    Manifest fence;
    if (newest == 0) {
      fence.record.pipeline = pipeline_.id;
      fence.record.incarnation = random_incarnation();
    } else {
      ARROW_ASSIGN_OR_RAISE(fence, read(newest));
    }
    fence.record.fence += 1;
    fence.record.epoch = newest + 1;
    fence.record.positions.clear();
    fence.record.num_rows = 0;
    fence.is_base = newest == 0;
    fence.files.clear();
    fence.removes.clear();
    fence.record.written_at = now_as_text();
    fence.record.velo_version = version();
    ARROW_ASSIGN_OR_RAISE(
        const bool is_ours,
        sink_.store->publish(newest + 1, encode_manifest(fence)));
    if (is_ours) return newest + 1;
  }
}

Result<CommitRecord> ManifestCommitter::read_record(uint64_t newest) const {
  ARROW_ASSIGN_OR_RAISE(Manifest manifest, read(newest));
  CommitRecord record = std::move(manifest.record);
  record.num_rows = manifest.total_rows;
  for (uint64_t number = newest; !manifest.is_base;) {
    ARROW_ASSIGN_OR_RAISE(manifest, read(--number));
    // What a newer manifest says of a split counts.
    record.positions.merge(manifest.record.positions);
  }
  return record;
}

Status ManifestCommitter::roll_forward(uint64_t newest) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t done, sink_.store->newest_done());
  for (uint64_t number = done + 1; number <= newest; ++number) {
    ARROW_ASSIGN_OR_RAISE(const Manifest manifest, read(number));
    ARROW_RETURN_NOT_OK(complete(manifest));
  }
  return sink_.store->mark_done(newest);
}

Status ManifestCommitter::complete(const Manifest& manifest) {
  ARROW_RETURN_NOT_OK(sink_.store->complete(
      manifest.files, [&] { observer_.reached(CommitStep::kBetweenCompletes); }));
  return sink_.store->remove(manifest.removes);
}

Result<std::unique_ptr<EpochWriter>> ManifestCommitter::create_writer(
    int lane, const std::shared_ptr<arrow::Schema>& schema) {
  return sink_.make_writer(record_, lane, schema);
}

Manifest ManifestCommitter::manifest_of(const CommitRecord& record) const {
  Manifest manifest{.record = record};
  manifest.record.written_at = now_as_text();
  manifest.record.velo_version = version();
  manifest.total_rows = record_.num_rows + record.num_rows;
  manifest.is_base = record.epoch % kEpochsPerBase == 0;
  if (manifest.is_base) {
    Positions whole = record.positions;
    whole.insert(record_.positions.begin(), record_.positions.end());
    manifest.record.positions = std::move(whole);
  }
  return manifest;
}

Status ManifestCommitter::publish(uint64_t number, const std::string& text) {
  ARROW_ASSIGN_OR_RAISE(const bool is_ours, sink_.store->publish(number, text));
  if (is_ours) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const std::string there, sink_.store->read(number));
  if (there == text) return Status::OK();  // ours after all: its answer was lost
  ARROW_ASSIGN_OR_RAISE(const Manifest theirs, read(number));
  return fenced(pipeline_.id, record_.fence, theirs.record.fence);
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
  ARROW_RETURN_NOT_OK(publish(record.epoch, encode_manifest(manifest)));
  observer_.reached(CommitStep::kAfterPublish);
  ARROW_RETURN_NOT_OK(complete(manifest));
  ARROW_RETURN_NOT_OK(sink_.store->mark_done(record.epoch));

  Positions whole = record.positions;
  whole.merge(record_.positions);
  record_ = record;
  record_.positions = std::move(whole);
  record_.num_rows = manifest.total_rows;
  if (manifest.is_base) return sink_.store->remove_old_manifests(record.epoch);
  return Status::OK();
}

}  // namespace velo::storage
