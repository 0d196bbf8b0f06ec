#include "velo/base/sha256.h"

#include <openssl/sha.h>

#include <array>

#include "velo/base/hex.h"

namespace velo {

// The calls of low level are deprecated for what they lack: other hashes by the same
// calls. They alone do not pull all of OpenSSL in.
std::string sha256_hex(std::string_view bytes) {
  SHA256_CTX context;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  ::SHA256_Init(&context);
  ::SHA256_Update(&context, bytes.data(), bytes.size());
  ::SHA256_Final(digest.data(), &context);
  return hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace velo
