#pragma once

/// A few short texts that the values of a column are picked from.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "velo/connectors/generate/column.h"

namespace velo::generate {

/// Texts of at most kSlot bytes, each in a slot of that size: one is copied in a few
/// moves whose number does not depend on its length. Immutable.
template <size_t kSlot>
class Words {
 public:
  template <typename Texts>
  explicit Words(const Texts& texts) {
    for (const auto& text : texts) add(text);
  }
  Words(std::initializer_list<std::string_view> texts) {
    for (const std::string_view text : texts) add(text);
  }

  uint32_t size() const { return static_cast<uint32_t>(slots_.size()); }

  /// Write the whole slot of text `index`; answers the text's length.
  size_t copy(uint32_t index, char* out) const {
    const Slot& slot = slots_[index];
    std::memcpy(out, slot.bytes.data(), kSlot);
    return slot.size;
  }

 private:
  struct Slot {
    std::array<char, kSlot> bytes{};
    size_t size = 0;
  };

  void add(std::string_view text) {
    Slot& slot = slots_.emplace_back();
    slot.size = std::min(text.size(), kSlot);
    std::memcpy(slot.bytes.data(), text.data(), slot.size);
  }

  std::vector<Slot> slots_;
};

/// One of `words` a row: the one at `index_of(row)`.
template <size_t kSlot, typename IndexOf>
ArrayResult make_words(RowRange rows, const Words<kSlot>& words, IndexOf index_of) {
  return make_texts(rows, kSlot, [&](int64_t row, char* out) {
    return words.copy(index_of(row), out);
  });
}

}  // namespace velo::generate
