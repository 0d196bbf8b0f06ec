#include "velo/base/uri_path.h"

#include "velo/base/percent_encoding.h"

namespace velo {

void PathPattern::append_raw(char c) {
  if (c == '\\') {
    pattern_ += "\\\\";
    return;
  }
  pattern_ += c;
  if (in_class_) {
    in_class_ = c != ']';
  } else if (c == '[') {
    in_class_ = true;
  } else if (c == '{') {
    ++open_braces_;
  } else if (c == '}' && open_braces_ > 0) {
    --open_braces_;
  }
}

void PathPattern::append_decoded(char c) {
  if (has_meaning_here(c)) pattern_ += '\\';
  pattern_ += c;
}

bool PathPattern::has_meaning_here(char c) const {
  constexpr std::string_view kEverywhere = "*[{\\/";
  constexpr std::string_view kInClass = "]!^-";
  constexpr std::string_view kInBraces = "},";
  if (kEverywhere.find(c) != std::string_view::npos) return true;
  if (in_class_) return kInClass.find(c) != std::string_view::npos;
  return open_braces_ > 0 && kInBraces.find(c) != std::string_view::npos;
}

std::string encode_path(std::string_view pattern) {
  // Quotes are encoded, so that a URI can stand in an SQL string or a shell's.
  constexpr std::string_view kAllowed = "-._~/!$&()*+,;=:@[]{}^|";
  std::string text;
  for (size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      text += escape_of(pattern[++at]);
    } else {
      append_encoded(text, pattern[at], kAllowed);
    }
  }
  return text;
}

}  // namespace velo
