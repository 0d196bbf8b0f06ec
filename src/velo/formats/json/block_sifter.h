#pragma once

/// Takes the bad records out of a block, so that the others can be decoded.

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "velo/formats/format.h"
#include "velo/formats/json/block_walk.h"
#include "velo/formats/record_limit.h"

namespace velo::formats::json {

/// What tells a good record: it steps over the record that the cursor is at, or returns
/// false. `forget` makes it forget all that it was shown. `num_rows` is that of the rows
/// made of what it was shown since: a good record need not be one (a tombstone).
struct RecordCheck {
  std::function<bool(Cursor&)> accept;
  std::function<void()> forget;
  std::function<int64_t()> num_rows;
};

/// Looks at a block in which something is wrong. In a file of lines each line stands by
/// itself, so that whatever is in it, it is one bad record. Elsewhere a bad record has to
/// be JSON, which does not fit its columns: where one that is not JSON ends, nobody
/// knows. Threads: thread-compatible.
class BlockSifter {
 public:
  /// The walk outlives the sifter.
  explicit BlockSifter(BlockWalk& walk) : walk_(walk) {}

  /// Check that a block does not go on with a record of the last one, which would not be
  /// one of lines then. To be called with each block of a file of lines.
  Status check_begin(const Block& block);

  /// Append the bad lines to `bad`, and put blanks in their place.
  /// Errors: kCorruptData for a record that goes over several lines.
  Status sift_lines(const Block& block, const RecordCheck& check,
                    std::vector<PlacedBadRecord>& bad);

  /// Append the records that do not fit to `bad`; their offsets in the block, ascending.
  /// Errors: those of what is not JSON.
  Result<std::vector<int64_t>> sift_values(const Block& block, RecordWalker walker,
                                           const RecordCheck& check,
                                           std::vector<PlacedBadRecord>& bad);

  /// Begin anew with the first block.
  void reset() { open_line_ = Status::OK(); }

 private:
  Status judge_line(const Block& line, const RecordCheck& check, int64_t& num_rows,
                    Status& fault);
  std::string_view kept_of(std::string_view record) const;

  BlockWalk& walk_;
  bool line_is_open_ = false;  // the line at hand ends within a record
  Status open_line_;  // of the last block: what is wrong where its last line goes on
};

}  // namespace velo::formats::json
