#pragma once

/// The one grammar by which a source or a sink is addressed (docs/design/uri.md):
///
///     scheme://[user[:password]@]host[:port][,host2[:port2]]/path[?option=value[&…]]
///
/// Without a scheme the text is a file's path; "-" is standard input or output; "@name/…"
/// is a named connection of velo.toml.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "velo/error.h"

namespace velo {

/// A parsed address. A plain value: compare it, copy it, print it.
struct Uri {
  struct Host {
    std::string name;  ///< decoded; an IPv6 address without its brackets
    std::optional<uint16_t> port;
    bool operator==(const Host&) const = default;
  };

  std::string
      scheme;  ///< lower case: "file", "kafka", "-", or "@" for a named connection
  std::optional<std::string> user;      ///< decoded
  std::optional<std::string> password;  ///< decoded; never print it, see redact()
  std::vector<Host> hosts;              ///< empty for file, generate, stdout …
  /// What follows the host, as a glob pattern: percent-decoded, and a character that
  /// stands for itself although globs give it a meaning (it was percent-encoded) is
  /// escaped by a backslash. Keeps its leading slash. See glob.h for reading it.
  std::string path;
  /// In the order written, decoded; a name stands at most once.
  std::vector<std::pair<std::string, std::string>> options;

  bool operator==(const Uri&) const = default;

  /// The value of an option, or nullptr. Valid until the next change of `options`.
  const std::string* find_option(std::string_view name) const;
};

/// Parse an address as a command line gives it.
/// Errors: kInvalidArgument, with the offset of the character that does not fit.
Result<Uri> parse_uri(std::string_view text);

/// Parse what stands inside `scheme('…')` in SQL: the rest after "scheme://", or a full
/// URI of that same scheme. Errors: kInvalidArgument.
Result<Uri> parse_uri(std::string_view scheme, std::string_view rest);

/// The canonical spelling, secrets included: parse_uri(print_uri(u)) == u.
std::string print_uri(const Uri& uri);

/// The canonical spelling with every secret shown as "***": the password, and the values
/// of options whose names say that they are secret (…secret…, …password…, …token…,
/// …_key). For messages, logs and records; not to be parsed again.
std::string redact_uri(const Uri& uri);

}  // namespace velo
