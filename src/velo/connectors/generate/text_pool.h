#pragma once

/// A stretch of English-like text that comments are cut from, as TPC-H's are.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace velo::generate {

/// Immutable. The text never changes: the rows of a seed rest on it.
class TextPool {
 public:
  static constexpr uint32_t kNumStarts = uint32_t{1} << 18;
  static constexpr size_t kSlotBytes = 48;

  TextPool();

  /// Write kSlotBytes of the text from `start`, which is less than kNumStarts.
  void copy(uint32_t start, char* out) const {
    std::memcpy(out, text_.data() + start, kSlotBytes);
  }

 private:
  std::string text_;
};

/// The one pool, made on first use.
const TextPool& text_pool();

}  // namespace velo::generate
