#include "terminal_text.h"

#include <fmt/format.h>

namespace velo::cli {
namespace {

// U+0080 to U+009F begin with this byte, and are as good as an escape and a letter.
constexpr char kFirstOfC1 = '\xC2';

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  constexpr unsigned char kSpace = 0x20;
  constexpr unsigned char kDelete = 0x7f;
  return (byte < kSpace && c != '\n' && c != '\t') || byte == kDelete;
}

bool is_second_of_c1(char c) {
  const auto byte = static_cast<unsigned char>(c);
  constexpr unsigned char kFirst = 0x80;
  constexpr unsigned char kLast = 0x9f;
  return byte >= kFirst && byte <= kLast;
}

std::string escaped(char c) {
  return fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
}

}  // namespace

std::string for_terminal(std::string_view text) {
  std::string shown;
  for (size_t at = 0; at < text.size(); ++at) {
    const bool is_c1 =
        text[at] == kFirstOfC1 && at + 1 < text.size() && is_second_of_c1(text[at + 1]);
    if (is_c1) {
      shown += escaped(text[at]) + escaped(text[at + 1]);
      ++at;
    } else {
      shown += is_control(text[at]) ? escaped(text[at]) : std::string(1, text[at]);
    }
  }
  return shown;
}

}  // namespace velo::cli
