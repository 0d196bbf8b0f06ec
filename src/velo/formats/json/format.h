#pragma once

#include "velo/formats/format.h"

namespace velo::formats {

/// JSON: one object for each row, as lines (NDJSON), one behind the other, or in an
/// array. Written as lines.
const Format& json_format();

}  // namespace velo::formats
