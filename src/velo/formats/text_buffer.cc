#include "velo/formats/text_buffer.h"

#include <algorithm>

namespace velo::formats {

void TextBuffer::grow(size_t num_bytes) {
  constexpr size_t kFirstBytes = size_t{64} << 10;
  const size_t used = size();
  const size_t capacity = std::max(
      {kFirstBytes, 2 * static_cast<size_t>(limit_ - begin_.get()), used + num_bytes});
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);
  if (used > 0) std::memcpy(larger.get(), begin_.get(), used);
  begin_ = std::move(larger);
  end_ = begin_.get() + used;
  limit_ = begin_.get() + capacity;
}

}  // namespace velo::formats
