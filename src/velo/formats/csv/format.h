#pragma once

#include "velo/formats/format.h"

namespace velo::formats {

const Format& csv_format();

}  // namespace velo::formats
