#pragma once

/// One lane of a sink that commits: gathers the rows of an epoch, then sends them.

#include <memory>

#include "velo/commit.h"
#include "velo/connectors/clickhouse/record_table.h"
#include "velo/connectors/clickhouse/target_table.h"

namespace velo::clickhouse {

/// What the lanes of one committer share. References outlive them.
struct LaneContext {
  const ClickhouseOptions& options;
  const RecordTable& records;
  Hold hold;
  CommitObserver& observer;
};

/// The token of a lane whose rows may have arrived, or a part of them.
inline constexpr char kUncertain[] = "uncertain";

/// Lane 0 writes the intent of the epoch; each sends its rows in one guarded INSERT,
/// tagged with pipeline and attempt. Errors of prepare(): kFenced.
Result<std::unique_ptr<EpochWriter>> make_epoch_writer(
    const LaneContext& context, int lane, const arrow::Schema& schema,
    const std::vector<TableColumn>& columns, const std::string& server_zone);

}  // namespace velo::clickhouse
