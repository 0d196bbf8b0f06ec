#pragma once

#include "velo/formats/format.h"

namespace velo::formats {

const Format& orc_format();

}  // namespace velo::formats
