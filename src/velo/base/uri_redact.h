#pragma once

#include <string>
#include <string_view>

namespace velo {

/// A URI's text for a message about it, whether it parses or not: the options are left
/// out, whatever else could be a secret is "***", rather too much than too little, and a
/// long text is cut.
std::string conceal_uri_text(std::string_view text);

/// Whether an option's name says that its value is a secret.
bool names_secret(std::string_view option);

}  // namespace velo
