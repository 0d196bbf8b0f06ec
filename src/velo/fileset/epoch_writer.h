#pragma once

/// Staging the files of an epoch, with Hive-style partitions if asked.

#include <memory>
#include <string>

#include "velo/commit.h"
#include "velo/fileset/options.h"
#include "velo/fileset/staging.h"

namespace velo::fileset {

/// What names the staged files.
struct LaneEpoch {
  std::string incarnation;  ///< CommitRecord's
  uint64_t fence = 0;
  uint64_t epoch = 0;  ///< the first that will be written
  int lane = 0;
};

/// Make a writer whose tokens list the files it has staged (storage::decode_token). An
/// epoch without rows has no files. Errors: kInvalidArgument without `format=`;
/// kSchemaMismatch for a column that the format or the partitions cannot hold.
Result<std::unique_ptr<EpochWriter>> make_epoch_writer(
    std::unique_ptr<StagingArea> area, LaneEpoch place, const FilesetOptions& options,
    std::shared_ptr<arrow::Schema> schema);

}  // namespace velo::fileset
