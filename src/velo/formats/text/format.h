#pragma once

#include "velo/formats/format.h"

namespace velo::formats {

/// A line per row.
const Format& text_format();

}  // namespace velo::formats
