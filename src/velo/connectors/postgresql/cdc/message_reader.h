#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

#include "velo/base/big_endian.h"

namespace velo::postgresql {

/// Takes a message apart from its beginning, and never reads beyond its end: what is not
/// there is zero, or empty, and ok() is false from then on.
class MessageReader {
 public:
  explicit MessageReader(std::string_view bytes) : rest_(bytes) {}

  template <std::unsigned_integral Number>
  Number number() {
    const std::string_view bytes = take(sizeof(Number));
    return ok_ ? read_big_endian<Number>(bytes.data()) : Number{0};
  }

  char letter() { return static_cast<char>(number<uint8_t>()); }

  /// A text that ends with a zero byte.
  std::string_view text() {
    const std::string_view text = take(rest_.find('\0'));
    take(1);
    return text;
  }

  std::string_view take(size_t size) {
    ok_ = ok_ && size <= rest_.size();
    if (!ok_) return {};
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }

  std::string_view rest() const { return rest_; }
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace velo::postgresql
