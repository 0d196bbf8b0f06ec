#include "velo/base/uri_scheme.h"

#include <algorithm>
#include <array>

#include "velo/base/ascii.h"
#include "velo/options.h"

namespace velo {
namespace {

struct SchemeRule {
  std::string_view scheme;
  UriShape shape;
};

constexpr std::array<SchemeRule, 11> kRules = {{
    {"postgresql", UriShape::kHosts},
    {"kafka", UriShape::kHosts},
    {"s3", UriShape::kHosts},
    {"file", UriShape::kFile},
    {"iceberg", UriShape::kHosts},
    {"clickhouse", UriShape::kHosts},
    {"generate", UriShape::kName},
    {"stdout", UriShape::kNothing},
    {"stdin", UriShape::kNothing},
    {"null", UriShape::kNothing},
    {"-", UriShape::kNothing},
}};

const SchemeRule* find_rule(std::string_view scheme) {
  const auto* rule = std::ranges::find(kRules, scheme, &SchemeRule::scheme);
  return rule == kRules.end() ? nullptr : rule;
}

bool may_stand_in_scheme(char c) {
  return is_ascii_letter(c) || is_ascii_digit(c) || is_one_of(c, "+.-");
}

}  // namespace

std::string canonical_scheme(std::string_view scheme) {
  std::string lower = ascii_lower(scheme);
  return lower == "postgres" ? "postgresql" : lower;
}

bool is_known_scheme(std::string_view scheme) { return find_rule(scheme) != nullptr; }

UriShape shape_of(std::string_view scheme) {
  const SchemeRule* rule = find_rule(scheme);
  return rule ? rule->shape : UriShape::kHosts;
}

size_t scheme_length(std::string_view text) {
  if (text.empty() || !is_ascii_letter(text.front())) return 0;
  size_t length = 1;
  while (length < text.size() && may_stand_in_scheme(text[length])) ++length;
  const bool colon_follows = length < text.size() && text[length] == ':';
  return colon_follows && length > 1 ? length : 0;
}

std::string_view nearest_scheme(std::string_view scheme) {
  std::vector<std::string_view> names;
  for (const SchemeRule& rule : kRules) names.push_back(rule.scheme);
  return nearest_name(scheme, names);
}

}  // namespace velo
