#pragma once

#include "velo/formats/format.h"

namespace velo::formats {

const Format& csv_format();

/// The same with a tab between values, unless `delimiter=` says otherwise: what the files
/// are that are called so. Of the same name, and found by its extension alone.
const Format& tsv_format();

}  // namespace velo::formats
