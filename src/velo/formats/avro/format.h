#pragma once

#include "velo/formats/format.h"

namespace velo::formats {

const Format& avro_format();

}  // namespace velo::formats
