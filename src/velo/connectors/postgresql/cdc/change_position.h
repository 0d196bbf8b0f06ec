#pragma once

/// Places in the stream of changes to a table.

#include <cstdint>
#include <string>
#include <string_view>

#include "velo/error.h"
#include "velo/position.h"

namespace velo::postgresql {

/// Where to go on: at the first transaction whose COMMIT is at `lsn` or behind it; in the
/// one whose COMMIT is just there, after so many rows.
///
/// As a Position: lsn:int64 row:int64, big-endian. In hexadecimal it is also what
/// `_position` holds, for the row before that place. Persisted.
struct ChangePosition {
  uint64_t lsn = 0;
  uint64_t row = 0;
  auto operator<=>(const ChangePosition&) const = default;
};

Position encode_position(const ChangePosition& position);

/// Errors: kCorruptData, naming the split.
Result<ChangePosition> decode_position(const SplitId& split, const Position& position);

/// "16/B374D848", and in a transaction the rows of it that were read; empty for what is
/// no such position.
std::string describe_position(std::string_view source, const Position& position);

/// A place in the write-ahead log as PostgreSQL shows it: "16/B374D848".
std::string lsn_text(uint64_t lsn);

/// Errors: kCorruptData.
Result<uint64_t> parse_lsn(std::string_view text);

}  // namespace velo::postgresql
