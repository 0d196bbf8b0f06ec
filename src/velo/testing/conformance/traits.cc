#include "velo/testing/conformance/traits.h"

#include <algorithm>

namespace velo::testing {

std::string_view to_string(Trait trait) {
  switch (trait) {
    case Trait::kTakesRows:
      return "given rows";
    case Trait::kReadsNothing:
      return "read without rows";
    case Trait::kNamesMissing:
      return "missing by name";
    case Trait::kReplayable:
      return "replayable";
    case Trait::kOrdered:
      return "ordered";
    case Trait::kStreams:
      return "read on";
    case Trait::kBadRecords:
      return "bad records";
    case Trait::kReadsBack:
      return "read back";
    case Trait::kTransactional:
      return "transactional";
    case Trait::kAppends:
      return "appended to";
    case Trait::kInvisible:
      return "invisible before its commit";
    case Trait::kManyLanes:
      return "written by several lanes";
    case Trait::kChecksColumns:
      return "checked for its columns";
    case Trait::kUpserts:
      return "upserted";
    case Trait::kDropsMidway:
      return "dropped between completions";
    case Trait::kWaits:
      return "waiting in a write";
  }
  return "";
}

const Lack* Kind::find_lack(Trait trait) const {
  const auto found = std::ranges::find(lacks, trait, &Lack::trait);
  return found == lacks.end() ? nullptr : &*found;
}

}  // namespace velo::testing
