#pragma once

/// Manifests, which name data files, and manifest lists, which name a snapshot's
/// manifests. Source: Iceberg table specification, "Manifests", "Manifest Lists"; the
/// numbers beside the fields are its field ids.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "velo/error.h"

namespace velo::iceberg {

/// What a file or a manifest holds: rows, or deletes of rows.
inline constexpr int64_t kContentData = 0;

struct DataFile {
  int64_t content = kContentData;  ///< 134: 1, 2 are deletes by position, by equality
  std::string path;                ///< 100
  std::string format;              ///< 101: PARQUET, AVRO, ORC, in any case
  int64_t num_rows = 0;            ///< 103
  int64_t num_bytes = 0;           ///< 104
};

/// A file as a manifest tells of it.
struct ManifestEntry {
  enum class State : int8_t { kExisting = 0, kAdded = 1, kDeleted = 2 };
  State state = State::kAdded;  ///< 0
  int64_t snapshot_id = 0;      ///< 1; null: the manifest's
  DataFile file;                ///< 2
};

/// A manifest as a list tells of it.
struct ManifestInList {
  struct PartitionSummary {
    bool contains_null = false;              ///< 509
    std::optional<bool> contains_nan;        ///< 518
    std::optional<std::string> lower_bound;  ///< 510
    std::optional<std::string> upper_bound;  ///< 511
  };
  std::string path;                                         ///< 500
  int64_t num_bytes = 0;                                    ///< 501
  int64_t spec_id = 0;                                      ///< 502
  int64_t content = kContentData;                           ///< 517: 1 is deletes
  int64_t sequence_number = 0;                              ///< 515
  int64_t min_sequence_number = 0;                          ///< 516
  int64_t added_snapshot_id = 0;                            ///< 503
  int64_t num_added_files = 0;                              ///< 504
  int64_t num_existing_files = 0;                           ///< 505
  int64_t num_deleted_files = 0;                            ///< 506
  int64_t num_added_rows = 0;                               ///< 512
  int64_t num_existing_rows = 0;                            ///< 513
  int64_t num_deleted_rows = 0;                             ///< 514
  std::optional<std::vector<PartitionSummary>> partitions;  ///< 507
  std::optional<std::string> key_metadata;                  ///< 519
};

/// Read a manifest that `list` has told of. Errors: kCorruptData naming `list.path`.
Result<std::vector<ManifestEntry>> decode_manifest(const ManifestInList& list,
                                                   std::string_view bytes);

/// Errors: kCorruptData naming `name`.
Result<std::vector<ManifestInList>> decode_manifest_list(std::string_view name,
                                                         std::string_view bytes);

/// A manifest of a version 2 table without partitions, all of whose files are added by
/// this snapshot. `schema` is the table's, as JSON. Their sequence number is left to the
/// commit.
std::string encode_manifest(const std::vector<DataFile>& files, int64_t snapshot_id,
                            const std::string& schema, int64_t schema_id,
                            int64_t spec_id);

/// The snapshot that a list is written for.
struct ListOwner {
  int64_t snapshot_id = 0;
  std::optional<int64_t> parent_id;
  int64_t sequence_number = 0;
};

std::string encode_manifest_list(const std::vector<ManifestInList>& manifests,
                                 const ListOwner& owner);

}  // namespace velo::iceberg
