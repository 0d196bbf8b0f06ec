#pragma once

/// `velo help [NAME]`: of a connector, made from the descriptors that parse the URIs.

#include <string>

#include "velo/connector.h"

namespace velo::cli {

/// The list of connectors.
std::string help_of_all(const Registry& registry);

/// One connector's examples, and the options that its ends have; of "-" those of both
/// standard streams. Errors: kInvalidArgument for a name that is not one, with the
/// nearest.
Result<std::string> help_of(std::string_view scheme, const Registry& registry);

}  // namespace velo::cli
