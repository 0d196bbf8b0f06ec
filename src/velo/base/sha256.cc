#include "velo/base/sha256.h"

#include <openssl/sha.h>

#include <array>
#include <initializer_list>

#include "velo/base/hex.h"

namespace velo {
namespace {

constexpr size_t kBlockBytes = 64;

// The calls of low level are deprecated for what they lack: other hashes by the same
// calls. They alone do not pull all of OpenSSL in.
std::string sha256(std::initializer_list<std::string_view> parts) {
  SHA256_CTX context;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  ::SHA256_Init(&context);
  for (const std::string_view part : parts) {
    ::SHA256_Update(&context, part.data(), part.size());
  }
  ::SHA256_Final(digest.data(), &context);
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

std::string sha256_hex(std::string_view bytes) { return hex_encode(sha256({bytes})); }

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::string block = key.size() > kBlockBytes ? sha256({key}) : std::string(key);
  block.resize(kBlockBytes, '\0');
  std::string inner = block;
  std::string outer = block;
  for (char& c : inner) c = static_cast<char>(c ^ 0x36);
  for (char& c : outer) c = static_cast<char>(c ^ 0x5C);
  return sha256({outer, sha256({inner, bytes})});
}

}  // namespace velo
