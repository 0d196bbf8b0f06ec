#pragma once

/// What is kept of a pipeline in the summary of a snapshot that it has committed:
///
///     velo.pipeline, velo.branch, velo.incarnation, velo.fence, velo.epoch, velo.rows,
///     velo.total-rows, velo.finished, velo.source, velo.select, velo.schema,
///     velo.written-at, velo.version
///     velo.positions         {"SPLIT": {"at": BASE64, "ended": true}, …}: those that
///     have
///                            moved since velo.positions-file was written, or all
///     velo.positions-file    a file of all positions, as above, compressed by zstd
///     velo.positions-sha256  of that file's bytes
///     velo.forgotten         "true": the record ends here, and the tag is gone
///
/// Persisted: entries may be added, none may change its meaning.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "velo/commit.h"
#include "velo/connectors/iceberg/epoch_writer.h"
#include "velo/connectors/iceberg/file_io.h"

namespace velo::iceberg {

using Summary = std::map<std::string, std::string>;

/// Where the positions of earlier epochs are, that are not in a summary.
struct PositionsFile {
  std::string location;  ///< empty: there is none
  std::string sha256;
};

/// The pipeline's name in a summary; empty where it is of somebody else.
std::string pipeline_of(const Summary& summary);
std::string branch_of(const Summary& summary);
bool is_finished(const Summary& summary);
/// Whether a pipeline's record was taken away on purpose, so that it begins anew: what
/// as_forgotten() has added to the summary of its last, empty snapshot.
bool is_forgotten(const Summary& summary);
Summary as_forgotten(Summary summary);
/// The fence and the epoch; nullopt where it does not have them.
std::optional<FileOrigin> attempt_of(const Summary& summary);

/// Write a record; `moved` are the positions since `base` was written, `total_rows` those
/// of all epochs.
Summary summary_of(const CommitRecord& record, const std::string& branch,
                   int64_t total_rows, const Positions& moved, const PositionsFile& base);

/// What a summary says: positions and rows of all epochs.
struct RecordInSummary {
  CommitRecord record;
  Positions moved;  ///< since `base`
  PositionsFile base;
};

/// Errors: kCorruptData naming `name`; kCommitLost where the file of positions is gone.
Result<RecordInSummary> read_record(FileIo& files, const std::string& name,
                                    const Summary& summary);

/// How many bytes positions take in a summary.
size_t size_in_summary(const Positions& positions);

/// Write a file of all positions.
Result<PositionsFile> write_positions(FileIo& files, const std::string& location,
                                      const Positions& positions);

}  // namespace velo::iceberg
