#pragma once

/// Where an encoder's text grows before it is handed on.

#include <cstring>
#include <memory>
#include <string_view>

namespace velo::formats {

/// Append-only bytes. Threads: thread-compatible.
class TextBuffer {
 public:
  /// Have room for so many bytes more; where to write them. Follow with advance_to().
  char* room(size_t num_bytes) {
    if (static_cast<size_t>(limit_ - end_) < num_bytes) grow(num_bytes);
    return end_;
  }
  void advance_to(char* end) { end_ = end; }

  void put(std::string_view text) {
    std::memcpy(room(text.size()), text.data(), text.size());
    end_ += text.size();
  }
  void put(char c) {
    *room(1) = c;
    ++end_;
  }

  std::string_view text() const { return {begin_.get(), size()}; }
  size_t size() const { return static_cast<size_t>(end_ - begin_.get()); }
  void clear() { end_ = begin_.get(); }

 private:
  void grow(size_t num_bytes);

  std::unique_ptr<char[]> begin_;
  char* end_ = nullptr;
  char* limit_ = nullptr;
};

}  // namespace velo::formats
