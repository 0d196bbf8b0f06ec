#pragma once

/// Which files hold the rows of a table, or those that have come since.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "velo/connectors/iceberg/file_io.h"
#include "velo/connectors/iceberg/manifest.h"
#include "velo/connectors/iceberg/table_metadata.h"
#include "velo/position.h"

namespace velo::iceberg {

/// What is read in one go: all rows of a snapshot, or those that were appended since an
/// earlier one.
struct ScanRange {
  std::optional<int64_t> after;     ///< read before; nullopt: all rows are wanted
  std::optional<int64_t> snapshot;  ///< nullopt: a table without any
  bool operator==(const ScanRange&) const = default;
};

/// Where a reader is: the files of a range are always planned in the same order, whatever
/// has become of the table since.
///
/// As bytes: five unsigned 64-bit numbers, big-endian: the snapshot's sequence number,
/// the file, the row in it, the snapshot, the one before; an absent snapshot is 2^64 - 1.
/// Then the table's UUID, as text.
struct ScanPosition {
  uint64_t order = 0;  ///< of `range.snapshot`: grows from range to range
  uint64_t file = 0;
  uint64_t row = 0;
  ScanRange range;
  std::string table_uuid;  ///< empty where it has none, as some of version 1

  Position encode() const;
  /// Errors: kCorruptData.
  static Result<ScanPosition> decode(const Position& position);
};

/// "file 3, row 12 of snapshot 99, after snapshot 98"; empty for what is no such
/// position.
std::string describe_position(std::string_view source, const Position& position);

/// The number that `ScanPosition::order` is for a snapshot.
uint64_t order_of(const TableMetadata& metadata, const ScanRange& range);

/// Check that a position is one of this table. Errors: kPositionLost where the table was
/// dropped since, and another has its name.
Status check_is_of(const TableMetadata& metadata, const ScanPosition& position,
                   const std::string& name);

/// Plan the files of a range. `name` is the table's, for messages. Errors: kPositionLost
/// where a snapshot is gone, or rows were taken away or changed since `range.after`;
/// kNotImplemented where rows are deleted by files of deletes.
Result<std::vector<DataFile>> plan_files(FileIo& files, const TableMetadata& metadata,
                                         const ScanRange& range, const std::string& name);

/// The manifests of a snapshot. Errors: those of reading it.
Result<std::vector<ManifestInList>> read_manifest_list(FileIo& files,
                                                       const Snapshot& snapshot);
Result<std::vector<ManifestEntry>> read_manifest(FileIo& files,
                                                 const ManifestInList& manifest);

/// Whether a snapshot is `descendant`, or one that it came from. Where those between were
/// expired, the order of their sequence numbers decides.
bool is_ancestor(const TableMetadata& metadata, int64_t ancestor, int64_t descendant);

}  // namespace velo::iceberg
