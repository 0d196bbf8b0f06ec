#pragma once

/// What follows each scheme: the only thing that the URI grammar knows of systems.

#include <string>
#include <string_view>

namespace velo {

enum class UriShape {
  kHosts,    ///< //[user[:password]@]host[:port][,…]/path: also every unknown scheme
  kName,     ///< //path, without hosts
  kFile,     ///< a path, relative, or absolute after // or //localhost
  kNothing,  ///< options only
};

/// The canonical spelling: lower case, "postgres" is "postgresql".
std::string canonical_scheme(std::string_view scheme);

/// Whether a canonical scheme is one that VeloStream has.
bool is_known_scheme(std::string_view scheme);

/// What follows a canonical scheme.
UriShape shape_of(std::string_view scheme);

/// How many characters before a ':' at the beginning of `text` could be a scheme; 0 for
/// none. One letter is none: it is a Windows drive.
size_t scheme_length(std::string_view text);

/// The known scheme that is nearly `scheme`, or "".
std::string_view nearest_scheme(std::string_view scheme);

}  // namespace velo
