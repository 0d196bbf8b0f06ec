#include "velo/connectors/iceberg/append.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "velo/base/parse_number.h"
#include "velo/connectors/iceberg/scan.h"

namespace velo::iceberg {
namespace {

int64_t random_snapshot_id() {
  std::random_device random;
  const uint64_t bits = uint64_t{random()} << 32 | random();
  return static_cast<int64_t>(bits >> 1 | 1);
}

int64_t rows_of(const std::vector<DataFile>& files) {
  int64_t num_rows = 0;
  for (const DataFile& file : files) num_rows += file.num_rows;
  return num_rows;
}

int64_t bytes_of(const std::vector<DataFile>& files) {
  int64_t num_bytes = 0;
  for (const DataFile& file : files) num_bytes += file.num_bytes;
  return num_bytes;
}

// "total-…" entries go on from the parent's, where it has them.
void add_totals(const Snapshot* parent, Snapshot& snapshot) {
  for (const auto& [total, added] : {std::pair{"total-data-files", "added-data-files"},
                                     {"total-records", "added-records"},
                                     {"total-files-size", "added-files-size"},
                                     {"total-delete-files", ""},
                                     {"total-position-deletes", ""},
                                     {"total-equality-deletes", ""}}) {
    int64_t number = 0;
    if (parent) {
      const auto before = parse_number<int64_t>(parent->summary_text(total));
      if (!before) continue;
      number = *before;
    }
    const auto more = parse_number<int64_t>(snapshot.summary_text(added)).value_or(0);
    snapshot.summary[total] = std::to_string(number + more);
  }
}

}  // namespace

Result<Append> prepare_append(FileIo& files, const TableMetadata& metadata,
                              std::string name, std::vector<DataFile> added,
                              std::map<std::string, std::string> summary) {
  Append append{.snapshot_id = random_snapshot_id(),
                .name = std::move(name),
                .files = std::move(added),
                .manifest = {},
                .summary = std::move(summary)};
  append.summary["operation"] = "append";
  if (append.files.empty()) return append;
  const auto num_files = static_cast<int64_t>(append.files.size());
  append.summary["added-data-files"] = std::to_string(num_files);
  append.summary["added-records"] = std::to_string(rows_of(append.files));
  append.summary["added-files-size"] = std::to_string(bytes_of(append.files));
  const std::string bytes = encode_manifest(
      append.files, append.snapshot_id, text_of_json(json_of(metadata.schema())),
      metadata.current_schema_id, metadata.default_spec_id);
  append.manifest = {.path = append.name + "-manifest.avro",
                     .num_bytes = static_cast<int64_t>(bytes.size()),
                     .spec_id = metadata.default_spec_id,
                     .added_snapshot_id = append.snapshot_id,
                     .num_added_files = num_files,
                     .num_added_rows = rows_of(append.files)};
  ARROW_RETURN_NOT_OK(write_file(files, append.manifest->path, bytes));
  return append;
}

Result<Snapshot> write_snapshot(FileIo& files, const TableMetadata& metadata,
                                const std::string& branch, const Append& append,
                                int attempt) {
  Snapshot snapshot{.id = append.snapshot_id,
                    .parent_id = metadata.ref(branch),
                    .sequence_number = metadata.last_sequence_number + 1,
                    .timestamp_ms = now_in_milliseconds(),
                    .manifest_list = fmt::format("{}-list-{}.avro", append.name, attempt),
                    .summary = append.summary,
                    .schema_id = metadata.current_schema_id};
  std::vector<ManifestInList> manifests;
  if (append.manifest) {
    manifests.push_back(*append.manifest);
    manifests.back().sequence_number = snapshot.sequence_number;
    manifests.back().min_sequence_number = snapshot.sequence_number;
  }
  const Snapshot* parent =
      snapshot.parent_id ? metadata.find_snapshot(*snapshot.parent_id) : nullptr;
  if (parent) {
    // Clocks differ, and the times of snapshots grow.
    snapshot.timestamp_ms = std::max(snapshot.timestamp_ms, parent->timestamp_ms + 1);
    ARROW_ASSIGN_OR_RAISE(const auto before, read_manifest_list(files, *parent));
    manifests.insert(manifests.end(), before.begin(), before.end());
  }
  add_totals(parent, snapshot);
  ARROW_RETURN_NOT_OK(write_file(
      files, snapshot.manifest_list,
      encode_manifest_list(manifests, {.snapshot_id = snapshot.id,
                                       .parent_id = snapshot.parent_id,
                                       .sequence_number = snapshot.sequence_number})));
  return snapshot;
}

}  // namespace velo::iceberg
