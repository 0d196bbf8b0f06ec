#include "velo/connectors/stdio/display_width.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>

#include "velo/base/utf8.h"
#include "velo/connectors/stdio/display_width_table.h"

namespace velo::stdio {
namespace {

constexpr std::string_view kEllipsis = "…";
// Combining characters take bytes without taking columns; this many are enough.
constexpr size_t kMaxBytesPerColumn = 16;

bool contains(std::span<const Range> ranges, char32_t code_point) {
  const auto range = std::ranges::lower_bound(ranges, code_point, {}, &Range::last);
  return range != ranges.end() && range->first <= code_point;
}

/// Whether a terminal would act on it, or show another text than there is.
bool is_unsafe(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200E ||
         c == 0x200F || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

std::string escape(const CodePoint& point) {
  if (!point.valid) return fmt::format("\\x{:02x}", uint32_t{point.value} & 0xFF);
  switch (point.value) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return fmt::format("\\u{:04x}", uint32_t{point.value});
  }
}

}  // namespace

int display_width(char32_t code_point) {
  if (code_point < 0x300) return 1;
  if (contains(kZeroWidth, code_point)) return 0;
  return contains(kWide, code_point) ? 2 : 1;
}

Printable printable(std::string_view text, int max_width) {
  const size_t max_bytes = max_printable_bytes(max_width);
  Printable out;
  // Where to cut should the text turn out too long: before the last column.
  size_t cut = 0;
  int cut_width = 0;
  while (!text.empty()) {
    const CodePoint point = decode_code_point(text);
    std::string escaped;
    if (!point.valid || is_unsafe(point.value)) escaped = escape(point);
    const std::string_view piece =
        escaped.empty() ? text.substr(0, point.num_bytes) : std::string_view(escaped);
    const int width =
        escaped.empty() ? display_width(point.value) : static_cast<int>(escaped.size());
    if (out.width + width > max_width || out.text.size() + piece.size() > max_bytes) {
      out.text.resize(cut);
      out.text += kEllipsis;
      out.width = cut_width + 1;
      return out;
    }
    out.text += piece;
    out.width += width;
    if (out.width < max_width) {
      cut = out.text.size();
      cut_width = out.width;
    }
    text.remove_prefix(point.num_bytes);
  }
  return out;
}

size_t max_printable_bytes(int max_width) {
  return static_cast<size_t>(max_width) * kMaxBytesPerColumn;
}

int display_width(std::string_view text) {
  return printable(text, std::numeric_limits<int>::max()).width;
}

}  // namespace velo::stdio
