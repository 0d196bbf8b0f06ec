#pragma once

/// Which of some records were moved, as a position.

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "velo/error.h"
#include "velo/position.h"

namespace velo::engine {

/// What the record of a replay calls its source, whatever is replayed, and from where: a
/// letter is known by what it says of itself.
constexpr std::string_view kReplayedSource = "dead letters";

/// Numbers from 0 to 65535. As bytes: how often it was changed, an unsigned 64-bit
/// number, big-endian, so that a later one is greater; then the numbers, ascending, of 16
/// bits each, big-endian; where these are 4096 or more, a bitmap of 8192 bytes, the
/// lowest bit of each byte first.
class MovedPlaces {
 public:
  /// None, at first.
  MovedPlaces() = default;

  /// Errors: kCorruptData.
  static Result<MovedPlaces> decode(const Position& position);
  Position encode() const;

  size_t size() const { return places_.size(); }
  bool contains(uint16_t place) const { return places_.contains(place); }
  void add(uint16_t place);

 private:
  uint64_t version_ = 0;  // that was decoded
  std::set<uint16_t> places_;
  bool has_changed_ = false;
};

}  // namespace velo::engine
