#pragma once

/// Writes the rows of one lane into data files that no snapshot names yet.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "velo/commit.h"
#include "velo/connectors/iceberg/column_plan.h"
#include "velo/connectors/iceberg/file_io.h"
#include "velo/connectors/iceberg/manifest.h"

namespace velo::iceberg {

/// Whose files they are.
struct WriterPlace {
  std::shared_ptr<FileIo> files;
  std::string directory;  ///< where they go
  std::string prefix;     ///< of their names, see name_prefix_of()
  std::string incarnation;
  uint64_t fence = 0;
  uint64_t epoch = 0;  ///< the first to be written
  int lane = 0;
  int64_t memory_bytes = 0;  ///< see DataSink::limit_memory
};

std::unique_ptr<EpochWriter> make_epoch_writer(WriterPlace place, ColumnPlan plan);

/// What the names of a pipeline's files begin with, in one branch of one table:
/// "velo-PIPELINE-HASH-". Several tables may share a directory.
std::string name_prefix_of(const std::string& pipeline, const std::string& table_uuid,
                           const std::string& branch);

/// What the name of such a file says: PREFIXfFENCE-eEPOCH-….
struct FileOrigin {
  uint64_t fence = 0;
  uint64_t epoch = 0;
  auto operator<=>(const FileOrigin&) const = default;
};
std::optional<FileOrigin> origin_of(const std::string& prefix, const std::string& path);

/// A token: the files that a lane has written, as JSON.
CommitToken encode_token(const std::vector<DataFile>& files);
/// Errors: kCorruptData.
Result<std::vector<DataFile>> decode_token(const CommitToken& token);

}  // namespace velo::iceberg
