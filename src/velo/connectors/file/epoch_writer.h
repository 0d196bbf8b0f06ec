#pragma once

/// Staging the files of an epoch, with Hive-style partitions if asked.

#include <memory>
#include <string>

#include "velo/commit.h"
#include "velo/connectors/file/options.h"

namespace velo::file {

/// What names the staged files, and where they are staged.
struct StagingPlace {
  std::string directory;    ///< ends in a slash
  std::string shown;        ///< how messages call the directory
  std::string target;       ///< where the files will be, with a slash at its end
  std::string incarnation;  ///< CommitRecord's
  uint64_t fence = 0;
  uint64_t epoch = 0;  ///< the first that will be written
  int lane = 0;
};

/// Make a writer whose tokens list the files it has staged (storage::decode_token). An
/// epoch without rows has no files. Errors: kInvalidArgument without `format=`;
/// kSchemaMismatch for a column that the format or the partitions cannot hold.
Result<std::unique_ptr<EpochWriter>> make_epoch_writer(
    StagingPlace place, const FileOptions& options,
    std::shared_ptr<arrow::Schema> schema);

/// The extension of the files that the options make: "csv.gz".
std::string extension_of(const OptionValues& values);

}  // namespace velo::file
