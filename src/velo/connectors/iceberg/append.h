#pragma once

/// A snapshot that adds files to a branch.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "velo/connectors/iceberg/file_io.h"
#include "velo/connectors/iceberg/manifest.h"
#include "velo/connectors/iceberg/table_metadata.h"

namespace velo::iceberg {

/// What one commit adds, written as far as it does not depend on what others commit.
struct Append {
  int64_t snapshot_id = 0;  ///< drawn at random
  std::string name;         ///< what its files' names begin with
  std::vector<DataFile> files;
  std::optional<ManifestInList> manifest;  ///< of `files`; nullopt where there are none
  std::map<std::string, std::string> summary;
};

/// Write the manifest of `files`. `name` is a whole location without an ending.
Result<Append> prepare_append(FileIo& files, const TableMetadata& metadata,
                              std::string name, std::vector<DataFile> added,
                              std::map<std::string, std::string> summary);

/// Write the manifest list of the snapshot that follows the branch's newest one, and
/// describe it. `attempt` tells its name from those of earlier ones.
Result<Snapshot> write_snapshot(FileIo& files, const TableMetadata& metadata,
                                const std::string& branch, const Append& append,
                                int attempt);

}  // namespace velo::iceberg
