#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace velo::http {

/// Text that does not change, held once by all copies of this: what a request sends may
/// be megabytes, which stand in whoever sends it again and in the client at the same
/// time. Threads: safe.
class SharedText {
 public:
  SharedText() = default;
  SharedText(std::string text)  // NOLINT: it is one
      : text_(std::make_shared<const std::string>(std::move(text))) {}

  std::string_view view() const { return text_ ? *text_ : std::string_view(); }

 private:
  std::shared_ptr<const std::string> text_;
};

}  // namespace velo::http
