#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "velo/uri.h"

namespace velo {

/// Parses one text, once. Every part that its functions take is a view into that text, so
/// that an error knows its offset. uri.cc has the whole, uri_authority.cc what is between
/// "//" and the path.
class UriParser {
 public:
  // `prefix_bytes` of the text were put before what the user wrote.
  UriParser(std::string_view text, size_t prefix_bytes)
      : text_(text), prefix_bytes_(prefix_bytes) {}

  Result<Uri> parse();

 private:
  Status fail(std::string_view at, std::string message) const;
  Status check_text() const;
  Result<std::string_view> parse_scheme();
  Status parse_rest(std::string_view rest);
  Status parse_connection(std::string_view rest);
  Status parse_after_scheme(std::string_view rest);
  Status parse_file(std::string_view rest);
  Status parse_authority(std::string_view authority);
  Status parse_user(std::string_view user);
  Status parse_hosts(std::string_view hosts);
  Status parse_host(std::string_view host);
  Result<std::string> parse_host_name(std::string_view name) const;
  Result<uint16_t> parse_port(std::string_view port) const;
  Status parse_path_and_options(std::string_view rest);
  Status parse_path(std::string_view path);
  Status parse_options(std::string_view options);
  Status parse_option(std::string_view option);
  Result<char> decode_escape_at(std::string_view rest) const;
  Result<std::string> decode(std::string_view part) const;
  Status check_decoded(std::string_view part, const std::string& decoded) const;

  std::string_view text_;
  size_t prefix_bytes_;
  Uri uri_;
};

}  // namespace velo
