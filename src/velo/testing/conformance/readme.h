#pragma once

#include <string>
#include <string_view>

#include "velo/testing/conformance/traits.h"

namespace velo::testing {

/// What a connector's kinds lack, why, and which tests are left out by that: lines for
/// its README.
std::string describe_lacks(const Conformance& of);

/// The text with what stands between the two marks replaced; appended with its marks
/// where there are none.
std::string with_block(std::string_view text, std::string_view block);

/// Where the README is, in the tree that VELO_SOURCE_DIR names.
std::string readme_of(const Conformance& of);

}  // namespace velo::testing
