#include "velo/version.h"

#include "velo/base/version_number.h"

namespace velo {

std::string_view version() { return kVersionNumber; }

}  // namespace velo
