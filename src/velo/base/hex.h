#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace velo {

/// Bytes as lower-case hexadecimal digits, and back; nullopt for what is not such a text.
std::string hex_encode(std::string_view bytes);
std::optional<std::string> hex_decode(std::string_view digits);

}  // namespace velo
