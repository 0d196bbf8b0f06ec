#include "prometheus_text.h"

#include <fmt/format.h>

namespace velo::cli {
namespace {

std::string escaped(std::string_view value) {
  std::string result;
  for (const char c : value) {
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') result += '\\';
    result += c;
  }
  return result;
}

}  // namespace

void PrometheusText::family(std::string_view name, std::string_view type,
                            std::string_view help) {
  text_ += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

void PrometheusText::sample(std::string_view name, const Labels& labels, double value) {
  text_ += name;
  char before = '{';
  for (const auto& [label, content] : labels) {
    text_ +=
        fmt::format("{}{}=\"{}\"", std::exchange(before, ','), label, escaped(content));
  }
  if (!labels.empty()) text_ += '}';
  text_ += " " + number(value) + "\n";
}

// The shortest that reads back as the same.
std::string PrometheusText::number(double value) { return fmt::format("{}", value); }

}  // namespace velo::cli
