#pragma once

/// One change of a table: what must hold, and what becomes of it then.
/// Source: Iceberg REST catalog specification, "CommitTableRequest".

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "velo/connectors/iceberg/table_metadata.h"

namespace velo::iceberg {

/// A branch or a tag must name this snapshot; without one, it must not be there.
struct RefRequirement {
  std::string ref;
  std::optional<int64_t> snapshot_id;
};

/// A branch or a tag is to name this snapshot.
struct RefChange {
  std::string ref;
  Ref to;
};

/// The table's UUID must be that of `metadata` it was made from, in any case.
struct TableCommit {
  std::vector<RefRequirement> requirements;
  std::optional<Snapshot> snapshot;  ///< is added
  std::vector<std::string> removed_refs;
  std::vector<RefChange> changed_refs;
};

/// The body of a request to a REST catalog.
std::string request_of(const TableCommit& commit, const std::string& table_uuid);

/// What a catalog that is no server does itself: check a change against the present
/// metadata, which is kept at `location`, and give that which follows. Errors: kConflict
/// where something does not hold.
Result<std::string> apply(const TableCommit& commit, const TableMetadata& present,
                          const std::string& location);

}  // namespace velo::iceberg
