#pragma once

/// How far a source has been read.

#include <compare>
#include <map>
#include <string>

namespace velo {

/// Names an independently readable part of a source: a file, a Kafka partition. Unique in
/// its source, and the same whenever that is opened. Printable: messages show it.
using SplitId = std::string;

/// Where to go on in one split: the row to read next. Opaque to all but its source. The
/// bytes of two positions of one split compare, lexicographically, in reading order.
/// Persisted in commit records: a source goes on understanding those it has given out.
struct Position {
  std::string bytes;
  auto operator<=>(const Position&) const = default;
};

/// How far a split has been read.
struct SplitProgress {
  Position position;
  bool ended = false;  ///< whether the source says that nothing follows
  bool operator==(const SplitProgress&) const = default;
};

/// The progress of several splits: all of a source's, or those that have changed.
using Positions = std::map<SplitId, SplitProgress>;

}  // namespace velo
