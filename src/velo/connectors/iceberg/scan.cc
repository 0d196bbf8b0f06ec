#include "velo/connectors/iceberg/scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/base/big_endian.h"

namespace velo::iceberg {
namespace {

constexpr int64_t kMaxManifestBytes = int64_t{1} << 30;
constexpr uint64_t kNoSnapshot = std::numeric_limits<uint64_t>::max();
constexpr size_t kBytesOfNumbers = 5 * sizeof(uint64_t);

Status lost(const std::string& name, std::string message) {
  return make_error(ErrorKind::kPositionLost, {.connector = "iceberg", .resource = name},
                    std::move(message));
}

Status not_yet(const std::string& name, std::string message) {
  return make_error(ErrorKind::kNotImplemented,
                    {.connector = "iceberg", .resource = name}, std::move(message));
}

uint64_t number_of(const std::optional<int64_t>& snapshot) {
  return snapshot ? static_cast<uint64_t>(*snapshot) : kNoSnapshot;
}

std::optional<int64_t> snapshot_of(uint64_t number) {
  if (number == kNoSnapshot) return std::nullopt;
  return static_cast<int64_t>(number);
}

Status check_file(const DataFile& file, const std::string& name) {
  if (file.content != kContentData) {
    return not_yet(name,
                   fmt::format("rows are deleted by {}, and deletes are not read yet; "
                               "rewrite the table's data files first",
                               file.path));
  }
  if (ascii_lower(file.format) == "parquet") return Status::OK();
  return not_yet(name, fmt::format("{} is a file of {}, and only Parquet is read yet",
                                   file.path, file.format));
}

Result<std::vector<DataFile>> all_files(FileIo& files, const Snapshot& snapshot,
                                        const std::string& name) {
  std::vector<DataFile> found;
  ARROW_ASSIGN_OR_RAISE(const auto manifests, read_manifest_list(files, snapshot));
  for (const ManifestInList& manifest : manifests) {
    ARROW_ASSIGN_OR_RAISE(const auto entries, read_manifest(files, manifest));
    for (const ManifestEntry& entry : entries) {
      if (entry.state == ManifestEntry::State::kDeleted) continue;
      ARROW_RETURN_NOT_OK(check_file(entry.file, name));
      found.push_back(entry.file);
    }
  }
  return found;
}

Status add_appended(FileIo& files, const Snapshot& snapshot, const std::string& name,
                    std::vector<DataFile>& found) {
  ARROW_ASSIGN_OR_RAISE(const auto manifests, read_manifest_list(files, snapshot));
  for (const ManifestInList& manifest : manifests) {
    if (manifest.added_snapshot_id != snapshot.id) continue;
    ARROW_ASSIGN_OR_RAISE(const auto entries, read_manifest(files, manifest));
    for (const ManifestEntry& entry : entries) {
      if (entry.state != ManifestEntry::State::kAdded) continue;
      if (entry.snapshot_id != snapshot.id) continue;
      ARROW_RETURN_NOT_OK(check_file(entry.file, name));
      found.push_back(entry.file);
    }
  }
  return Status::OK();
}

// From the oldest after `range.after` to `range.snapshot`.
Result<std::vector<const Snapshot*>> snapshots_between(const TableMetadata& metadata,
                                                       const ScanRange& range,
                                                       const std::string& name) {
  std::vector<const Snapshot*> between = metadata.history(range.snapshot);
  const auto after = std::ranges::find(between, *range.after, &Snapshot::id);
  if (after == between.end()) {
    return lost(
        name, fmt::format("it was read up to snapshot {}, which {} is not known any more "
                          "to have come from: it was rolled back, or snapshots between "
                          "were expired. Begin anew under another name",
                          *range.after, *range.snapshot));
  }
  between.erase(after, between.end());
  std::ranges::reverse(between);
  return between;
}

}  // namespace

Position ScanPosition::encode() const {
  Position position;
  for (const uint64_t number :
       {order, file, row, number_of(range.snapshot), number_of(range.after)}) {
    append_big_endian(position.bytes, number);
  }
  position.bytes += table_uuid;
  return position;
}

Result<ScanPosition> ScanPosition::decode(const Position& position) {
  if (position.bytes.size() < kBytesOfNumbers) {
    return make_error(
        ErrorKind::kCorruptData, {.connector = "iceberg"},
        fmt::format("a position in a table has 40 bytes at least, this one has {}",
                    position.bytes.size()));
  }
  const auto number_at = [&](size_t index) {
    return read_big_endian<uint64_t>(position.bytes.data() + index * sizeof(uint64_t));
  };
  return ScanPosition{.order = number_at(0),
                      .file = number_at(1),
                      .row = number_at(2),
                      .range = {.after = snapshot_of(number_at(4)),
                                .snapshot = snapshot_of(number_at(3))},
                      .table_uuid = position.bytes.substr(kBytesOfNumbers)};
}

std::string describe_position(std::string_view, const Position& position) {
  const auto place = ScanPosition::decode(position);
  if (!place.ok()) return {};
  const ScanRange& range = place->range;
  if (!range.snapshot) return "a table without snapshots";
  return fmt::format("file {}, row {} of snapshot {}{}", place->file, place->row,
                     *range.snapshot,
                     range.after ? fmt::format(", after snapshot {}", *range.after) : "");
}

// Version 1 has no sequence numbers.
uint64_t order_of(const TableMetadata& metadata, const ScanRange& range) {
  const Snapshot* snapshot =
      range.snapshot ? metadata.find_snapshot(*range.snapshot) : nullptr;
  if (snapshot == nullptr) return 0;
  return static_cast<uint64_t>(metadata.format_version > 1 ? snapshot->sequence_number
                                                           : snapshot->timestamp_ms);
}

Result<std::vector<ManifestInList>> read_manifest_list(FileIo& files,
                                                       const Snapshot& snapshot) {
  if (snapshot.manifest_list.empty()) {
    return not_yet(fmt::format("snapshot {}", snapshot.id),
                   "it names its manifests without a list, as old tables do; commit to "
                   "the table by something newer first");
  }
  ARROW_ASSIGN_OR_RAISE(const std::string bytes,
                        read_file(files, snapshot.manifest_list, kMaxManifestBytes));
  return decode_manifest_list(snapshot.manifest_list, bytes);
}

Result<std::vector<ManifestEntry>> read_manifest(FileIo& files,
                                                 const ManifestInList& manifest) {
  ARROW_ASSIGN_OR_RAISE(const std::string bytes,
                        read_file(files, manifest.path, kMaxManifestBytes));
  return decode_manifest(manifest, bytes);
}

// A table of version 1 without a UUID may get one later.
Status check_is_of(const TableMetadata& metadata, const ScanPosition& position,
                   const std::string& name) {
  if (position.table_uuid.empty() || position.table_uuid == metadata.uuid) {
    return Status::OK();
  }
  return lost(name, fmt::format("the table of UUID {}, which was read before, is gone, "
                                "and one of UUID {} has its name; begin anew under "
                                "another name",
                                position.table_uuid,
                                metadata.uuid.empty() ? "(none)" : metadata.uuid));
}

Result<std::vector<DataFile>> plan_files(FileIo& files, const TableMetadata& metadata,
                                         const ScanRange& range,
                                         const std::string& name) {
  if (!range.snapshot) {
    if (!range.after) return std::vector<DataFile>();
    return lost(name,
                fmt::format("it was read up to snapshot {}, and has none now; begin "
                            "anew under another name",
                            *range.after));
  }
  const Snapshot* snapshot = metadata.find_snapshot(*range.snapshot);
  if (snapshot == nullptr) {
    return lost(name, fmt::format("snapshot {} is not in it any more; begin anew under "
                                  "another name",
                                  *range.snapshot));
  }
  if (!range.after) return all_files(files, *snapshot, name);
  ARROW_ASSIGN_OR_RAISE(const auto between, snapshots_between(metadata, range, name));
  std::vector<DataFile> found;
  for (const Snapshot* step : between) {
    const std::string operation = step->operation();
    if (operation == "replace") continue;  // the same rows in other files
    if (operation != "append") {
      return lost(name, fmt::format("it was read up to snapshot {}, and snapshot {} has "
                                    "changed or removed rows since (operation '{}'); "
                                    "begin anew under another name",
                                    *range.after, step->id, operation));
    }
    ARROW_RETURN_NOT_OK(add_appended(files, *step, name, found));
  }
  return found;
}

bool is_ancestor(const TableMetadata& metadata, int64_t ancestor, int64_t descendant) {
  const Snapshot* wanted = metadata.find_snapshot(ancestor);
  const auto history = metadata.history(descendant);
  if (wanted == nullptr || history.empty()) return false;
  // Who expires a snapshot may let those after it forget that it was there.
  return std::ranges::count(history, ancestor, &Snapshot::id) > 0 ||
         history.back()->sequence_number > wanted->sequence_number;
}

}  // namespace velo::iceberg
