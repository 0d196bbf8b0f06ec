#pragma once

/// A conversion of iconv's, closed with the object.

#include <iconv.h>

#include <optional>
#include <string>
#include <utility>

namespace velo::storage {

class IconvHandle {
 public:
  /// nullopt where the system does not have one of both encodings.
  static std::optional<IconvHandle> open(const std::string& to, const std::string& from) {
    // What stands behind a slash would change how it converts; no name is the locale's.
    if (to.empty() || from.empty() || (to + from).find('/') != std::string::npos) {
      return std::nullopt;
    }
    const iconv_t conversion = ::iconv_open(to.c_str(), from.c_str());
    if (conversion == kNone) return std::nullopt;
    return IconvHandle(conversion);
  }

  IconvHandle(IconvHandle&& other) noexcept
      : conversion_(std::exchange(other.conversion_, kNone)) {}
  IconvHandle& operator=(IconvHandle&&) = delete;
  ~IconvHandle() {
    if (conversion_ != kNone) ::iconv_close(conversion_);
  }

  /// As iconv(3), which says by errno why it stopped.
  size_t convert(const char** in, size_t* num_in, char** out, size_t* num_out) {
    return ::iconv(conversion_, const_cast<char**>(in), num_in, out, num_out);
  }

 private:
  explicit IconvHandle(iconv_t conversion) : conversion_(conversion) {}

  static inline const iconv_t kNone = reinterpret_cast<iconv_t>(-1);
  iconv_t conversion_;
};

}  // namespace velo::storage
