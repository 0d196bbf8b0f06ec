#pragma once

/// Where in a text the few bytes are that mean something.

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace velo::formats {

/// Steps from one special byte of a text to the next, looking at 64 bytes at a time.
/// Threads: thread-compatible.
class SpecialBytes {
 public:
  static constexpr size_t kMost = 5;
  /// The bytes looked for; one that is not needed repeats another. None is 0.
  using Set = std::array<char, kMost>;

  /// Begin at the front of the text, which must stay.
  SpecialBytes(std::string_view text, const Set& set) : text_(text), set_(set) { load(); }

  /// The offset of the next one, and step over it; the size of the text at its end.
  size_t next() {
    while (mask_ == 0) {
      if (text_.size() - group_ <= kGroupBytes) return text_.size();
      group_ += kGroupBytes;
      load();
    }
    const size_t at = group_ + static_cast<size_t>(std::countr_zero(mask_));
    mask_ &= mask_ - 1;
    return at;
  }

 private:
  static constexpr size_t kGroupBytes = 64;

  void load() {
    if (text_.size() - group_ >= kGroupBytes) {
      mask_ = find(text_.data() + group_);
      return;
    }
    std::array<char, kGroupBytes> rest{};
    if (text_.size() > group_) {
      std::memcpy(rest.data(), text_.data() + group_, text_.size() - group_);
    }
    mask_ = find(rest.data());
  }

  // One bit for each of 64 bytes.
  uint64_t find(const char* bytes) const {
    uint64_t mask = 0;
#if defined(__SSE2__)
    for (size_t part = 0; part < kGroupBytes; part += sizeof(__m128i)) {
      const __m128i held =
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + part));
      __m128i found = _mm_setzero_si128();
      for (const char c : set_) {
        found = _mm_or_si128(found, _mm_cmpeq_epi8(held, _mm_set1_epi8(c)));
      }
      mask |= uint64_t{static_cast<uint32_t>(_mm_movemask_epi8(found))} << part;
    }
#else
    for (size_t i = 0; i < kGroupBytes; ++i) {
      bool found = false;
      for (const char c : set_) found |= bytes[i] == c;
      mask |= uint64_t{found} << i;
    }
#endif
    return mask;
  }

  const std::string_view text_;
  const Set set_;
  size_t group_ = 0;   // the offset of the 64 bytes looked at
  uint64_t mask_ = 0;  // of these, those not stepped to
};

}  // namespace velo::formats
