#include "velo/formats/csv/plain_number.h"

#include <algorithm>

namespace velo::formats {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool PlainNumber::make_plain(std::string_view text, std::string& plain) const {
  plain.clear();
  if (text.starts_with('-') || text.starts_with('+')) {
    plain += text.front();
    text.remove_prefix(1);
  }
  const size_t end = std::min(text.find(decimal_), text.size());
  if (!take_groups(text.substr(0, end), plain)) return false;
  if (end == text.size()) return true;
  const std::string_view rest = text.substr(end + 1);
  // A point that does not mean one must not become one.
  if (rest.find_first_of(".,") != std::string_view::npos) return false;
  plain += '.';
  plain += rest;
  return true;
}

bool PlainNumber::take_groups(std::string_view whole, std::string& plain) const {
  constexpr size_t kGroup = 3;
  if (!thousands_ || whole.find(*thousands_) == std::string_view::npos) {
    plain += whole;
    return decimal_ == '.' || whole.find('.') == std::string_view::npos;
  }
  const size_t first = whole.find(*thousands_);
  if (first == 0 || first > kGroup || (whole.size() - first) % (kGroup + 1) != 0) {
    return false;
  }
  for (size_t i = 0; i < whole.size(); ++i) {
    const bool is_between = i >= first && (i - first) % (kGroup + 1) == 0;
    if (is_between ? whole[i] != *thousands_ : !is_digit(whole[i])) return false;
    if (!is_between) plain += whole[i];
  }
  return true;
}

}  // namespace velo::formats
