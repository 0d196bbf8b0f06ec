#pragma once

/// One end of a ReadRange, as far as all sources read it alike.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "velo/source.h"

namespace velo {

/// Of any year that has four digits, which nanoseconds could not count.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

struct ReadBound {
  enum class Kind : int8_t { kNone, kEarliest, kLatest, kTime, kPosition };

  /// What is no word and no time is a position, in the words of its source.
  static ReadBound parse(std::string_view text);

  Kind kind = Kind::kNone;
  WallTime time{};        ///< of kTime
  std::string text = {};  ///< as it was given
};

/// A time in ISO 8601, UTC where it names no offset: "2026-01-31", "2026-01-31T12:00:00",
/// "2026-01-31 12:00:00.250+01:00". nullopt for what is none.
std::optional<WallTime> parse_time(std::string_view text);

/// Check what no source can do. Errors: kInvalidArgument for an end that is the beginning
/// of all, before a beginning that is a time too, or in the future: it would come with
/// the clock, and not with the rows.
Status check_range(const ReadRange& range);

}  // namespace velo
