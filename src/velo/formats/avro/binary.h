#pragma once

/// Avro's binary encoding of plain values. A long is zigzag, seven bits a byte, the
/// lowest first; texts and bytes begin with their number of bytes, a float is
/// little-endian. Source: Avro specification 1.12, "Binary Encoding".

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace velo::formats::avro {

static_assert(std::endian::native == std::endian::little);

inline constexpr int kMostLongBytes = 10;

/// So many bytes behind what is decoded can be read, whatever they are.
inline constexpr int64_t kPaddingBytes = 16;

/// Read a long, of kMostLongBytes at most; what follows it. nullptr for one of more than
/// 64 bits.
inline const uint8_t* read_long(const uint8_t* p, int64_t* value) {
  uint64_t bits = *p++;
  if (bits >= 0x80) [[unlikely]] {
    bits &= 0x7F;
    for (int shift = 7;; shift += 7) {
      const uint64_t byte = *p++;
      bits |= (byte & 0x7F) << shift;
      if (byte < 0x80) {
        if (shift == 63 && byte > 1) return nullptr;
        break;
      }
      if (shift == 63) return nullptr;
    }
  }
  *value = static_cast<int64_t>(bits >> 1 ^ (~(bits & 1) + 1));
  return p;
}

/// Write a long, of kMostLongBytes at most; where what follows it goes.
inline char* write_long(int64_t value, char* to) {
  uint64_t bits = static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
  for (; bits >= 0x80; bits >>= 7) *to++ = static_cast<char>((bits & 0x7F) | 0x80);
  *to++ = static_cast<char>(bits);
  return to;
}

inline void append_long(int64_t value, std::string& to) {
  char bytes[kMostLongBytes];
  to.append(bytes, static_cast<size_t>(write_long(value, bytes) - bytes));
}

inline void append_text(std::string_view text, std::string& to) {
  append_long(static_cast<int64_t>(text.size()), to);
  to += text;
}

template <typename Float>
void append_float(Float value, std::string& to) {
  char bytes[sizeof(Float)];
  std::memcpy(bytes, &value, sizeof(Float));
  to.append(bytes, sizeof(Float));
}

}  // namespace velo::formats::avro
