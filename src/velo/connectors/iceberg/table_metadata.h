#pragma once

/// What a catalog knows of a table. Source: Iceberg table specification, "Table
/// Metadata".

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "velo/connectors/iceberg/table_schema.h"
#include "velo/error.h"

namespace velo::iceberg {

inline constexpr char kMainBranch[] = "main";

struct Snapshot {
  int64_t id = 0;
  std::optional<int64_t> parent_id;
  int64_t sequence_number = 0;
  int64_t timestamp_ms = 0;
  std::string manifest_list;  ///< empty in tables of version 1 that name manifests here
  std::map<std::string, std::string> summary;  ///< with "operation"
  std::optional<int> schema_id;

  std::string summary_text(const std::string& key) const;
  std::string operation() const { return summary_text("operation"); }
};

struct Ref {
  int64_t snapshot_id = 0;
  bool is_branch = false;  ///< else a tag
};

struct TableMetadata {
  int format_version = 0;
  std::string uuid;
  std::string location;
  int64_t last_sequence_number = 0;
  int current_schema_id = 0;
  std::map<int, TableSchema> schemas;
  int default_spec_id = 0;
  bool is_partitioned = false;              ///< as rows are written now
  std::vector<int> identity_partition_ids;  ///< columns, in any spec
  std::map<std::string, std::string> properties;
  std::map<int64_t, Snapshot> snapshots;  ///< by id
  std::map<std::string, Ref> refs;
  std::string text;  ///< as it was read, with what is not known here

  const TableSchema& schema() const { return schemas.at(current_schema_id); }

  /// nullptr where the table has none of this id (any more).
  const Snapshot* find_snapshot(int64_t id) const;

  /// A snapshot and those that it came from, the newest first, as far as they are known.
  std::vector<const Snapshot*> history(std::optional<int64_t> newest) const;

  /// What a branch or a tag names; nullopt for one that is not there.
  std::optional<int64_t> ref(const std::string& name) const;

  /// Where files are to be put, without a slash at the end.
  std::string data_location() const { return location_of("write.data.path", "/data"); }
  std::string metadata_location() const {
    return location_of("write.metadata.path", "/metadata");
  }

 private:
  std::string location_of(const std::string& property, const char* below) const;
};

/// Errors: kCorruptData naming `name`; kNotImplemented for a version that is not known.
Result<TableMetadata> parse_table_metadata(std::string_view name, std::string text);

/// The metadata of a new table of version 2, without rows.
std::string new_table_metadata(const std::string& location, const TableSchema& schema);

/// A random UUID, as text.
std::string random_uuid();

int64_t now_in_milliseconds();

}  // namespace velo::iceberg
