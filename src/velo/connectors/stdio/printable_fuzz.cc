#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "velo/base/utf8.h"
#include "velo/connectors/stdio/display_width.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

bool commands_a_terminal(std::string_view text) {
  while (!text.empty()) {
    const velo::CodePoint point = velo::decode_code_point(text);
    if (!point.valid || point.value < 0x20 ||
        (point.value >= 0x7F && point.value < 0xA0)) {
      return true;
    }
    text.remove_prefix(point.num_bytes);
  }
  return false;
}

}  // namespace

// The first byte is the width, the rest the text.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const int width = 1 + data[0] % 120;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto shown = velo::stdio::printable(text, width);
  require(shown.width <= width);
  require(shown.width == velo::stdio::display_width(shown.text));
  require(!commands_a_terminal(shown.text));
  require(velo::stdio::printable(shown.text, width).text == shown.text);
  return 0;
}
