#pragma once

#include <string>
#include <string_view>

namespace velo {

/// The SHA-256 of some bytes as 64 lower-case hexadecimal digits. FIPS 180-4.
std::string sha256_hex(std::string_view bytes);

/// The HMAC of some bytes by SHA-256: 32 bytes. RFC 2104.
std::string hmac_sha256(std::string_view key, std::string_view bytes);

}  // namespace velo
