#pragma once

/// What a pipeline's record looks like as messages of its topic, keyed, so that
/// compaction keeps the last of each:
///
///     fence           {"fence":3,"incarnation":"…","topic":"…","num_lanes":2,…}
///     LANE            {"fence":3,"epoch":17,"num_rows":9000,"finished":false,…}
///     LANE/SPLIT      {"epoch":17,"position":"00000000000004d2","ended":false}
///
/// LANE is a number from 0; positions are in hexadecimal; num_rows is of all epochs of
/// the lane. Persisted: fields may be added, none may change its meaning.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "velo/commit.h"

namespace velo::kafka {

/// A message of the topic: its key and its payload.
using RecordMessage = std::pair<std::string, std::string>;

/// The fence of `record`, whoever may write being known by it, the topic of the rows, and
/// the lanes that exist.
RecordMessage fence_message(const CommitRecord& record, const std::string& topic,
                            int num_lanes);

/// That a lane has committed `record`; `num_rows` with this epoch's.
RecordMessage lane_message(int lane, int num_lanes, int64_t num_rows,
                           const CommitRecord& record);

RecordMessage split_message(int lane, uint64_t epoch, const SplitId& split,
                            const SplitProgress& progress);

/// Reads the messages of a topic in their order. Threads: thread-compatible.
class RecordLog {
 public:
  /// Errors: kCorruptData for what velo has not written.
  Status add(std::string_view key, std::string_view payload);

  /// What they say together.
  CommitRecord record() const;

  /// The topic of the rows; empty where there was no process yet.
  const std::string& topic() const { return topic_; }

  /// The lanes that may have transactions open; 0 where there was no process yet.
  int num_lanes() const { return num_lanes_; }

  /// Rows that a lane has committed.
  int64_t num_rows_of(int lane) const;

 private:
  struct Lane {
    uint64_t epoch = 0;
    int64_t num_rows = 0;
    int num_lanes = 0;
    bool finished = false;
    Fingerprint fingerprint;
  };

  uint64_t fence_ = 0;
  std::string incarnation_;
  std::string topic_;
  int num_lanes_ = 0;
  std::map<int, Lane> lanes_;
  Positions positions_;
};

}  // namespace velo::kafka
