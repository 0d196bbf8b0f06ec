#pragma once

#include "velo/formats/format.h"

namespace velo::formats {

const Format& parquet_format();

}  // namespace velo::formats
