#include "velo/base/name_list.h"

#include <fmt/format.h>

namespace velo {
namespace {

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

Status wrong(std::string_view text, std::string_view why) {
  return make_error(ErrorKind::kInvalidArgument, {},
                    fmt::format("'{}': {}; names have commas between them, and one with "
                                "a comma or a star stands in double quotes: \"a,b\"",
                                text, why));
}

// Takes what stands between the quotes at the beginning of `rest`; false where the second
// is missing.
bool take_quoted(std::string_view& rest, std::string& name) {
  for (size_t at = 1; at < rest.size(); ++at) {
    if (rest[at] == '"' && !rest.substr(at + 1).starts_with('"')) {
      rest.remove_prefix(at + 1);
      return true;
    }
    if (rest[at] == '"') ++at;
    name += rest[at];
  }
  return false;
}

}  // namespace

// Where a character does not fit, the last star takes one more.
bool NamePattern::matches(std::string_view name) const {
  if (!is_pattern) return name == text;
  size_t in_text = 0;
  size_t in_name = 0;
  size_t star = std::string::npos;
  size_t after_star = 0;  // what of the name the star has not taken yet
  while (in_name < name.size()) {
    if (in_text < text.size() && text[in_text] == '*') {
      star = in_text++;
      after_star = in_name;
    } else if (in_text < text.size() && text[in_text] == name[in_name]) {
      ++in_text;
      ++in_name;
    } else if (star != std::string::npos) {
      in_text = star + 1;
      in_name = ++after_star;
    } else {
      return false;
    }
  }
  return text.find_first_not_of('*', in_text) == std::string::npos;
}

Result<std::vector<NamePattern>> parse_names(std::string_view text) {
  std::vector<NamePattern> names;
  std::string_view rest = trimmed(text);
  while (!rest.empty()) {
    NamePattern name;
    size_t comma = rest.find(',');
    if (rest.starts_with('"')) {
      if (!take_quoted(rest, name.text)) return wrong(text, "a double quote is missing");
      comma = rest.find(',');
      if (!trimmed(rest.substr(0, comma)).empty()) {
        return wrong(text, "something stands between a double quote and a comma");
      }
    } else {
      name.text = trimmed(rest.substr(0, comma));
      name.is_pattern = name.text.find('*') != std::string::npos;
    }
    if (name.text.empty()) return wrong(text, "a name is empty");
    names.push_back(std::move(name));
    if (comma == std::string_view::npos) break;
    rest = trimmed(rest.substr(comma + 1));
    if (rest.empty()) return wrong(text, "a name is empty");
  }
  return names;
}

std::string print_name(std::string_view name) {
  const bool stands_bare = !name.empty() && !name.starts_with('"') &&
                           name.find_first_of(",*") == std::string_view::npos &&
                           trimmed(name) == name;
  if (stands_bare) return std::string(name);
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace velo
