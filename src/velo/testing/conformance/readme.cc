#include "velo/testing/conformance/readme.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>

#include "velo/testing/conformance/sink_suite.h"
#include "velo/testing/conformance/source_suite.h"

namespace velo::testing {
namespace {

constexpr std::string_view kBegin = "<!-- conformance: made by the test -->\n";
constexpr std::string_view kEnd = "<!-- conformance: end -->\n";

template <typename Case>
std::vector<std::string> left_out(const std::vector<Case>& cases, Trait trait) {
  std::vector<std::string> names;
  for (const Case& one : cases) {
    if (std::ranges::count(one.needs, trait) > 0) names.push_back(one.name);
  }
  return names;
}

template <typename Case>
std::string lines_of(const Kind& kind, std::string_view end,
                     const std::vector<Case>& cases) {
  std::string lines;
  for (const Lack& lack : kind.lacks) {
    const auto names = left_out(cases, lack.trait);
    lines += fmt::format("| {}, {} | {} | {} | {} |\n", end, kind.name,
                         to_string(lack.trait), lack.reason,
                         names.empty() ? "–" : fmt::format("{}", fmt::join(names, ", ")));
  }
  return lines;
}

std::string names_of(const auto& kinds) {
  std::vector<std::string> names;
  for (const Kind& kind : kinds) names.push_back(kind.name);
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

std::string describe_lacks(const Conformance& of) {
  std::string lines;
  for (const SourceKind& kind : of.sources) {
    lines += lines_of(kind, "source", all_source_cases());
  }
  for (const SinkKind& kind : of.sinks) {
    lines += lines_of(kind, "sink", all_sink_cases());
    for (const Unreached& one : kind.unreached) {
      lines += fmt::format("| sink, {} | step {} | {} | its crash test |\n", kind.name,
                           to_string(one.step), one.reason);
    }
  }
  for (const auto& [end, kinds] : {std::pair<std::string_view, std::vector<Kind>>{
                                       "source", {of.sources.begin(), of.sources.end()}},
                                   {"sink", {of.sinks.begin(), of.sinks.end()}}}) {
    for (const Kind& kind : kinds) {
      for (const TypeTrip& trip : kind.types) {
        if (!trip.not_tried.empty()) {
          lines += fmt::format("| {}, {} | {} | {} | its values |\n", end, kind.name,
                               trip.written->ToString(), trip.not_tried);
        } else if (!trip.read) {
          lines += fmt::format("| {}, {} | {} | is refused by the column's name | – |\n",
                               end, kind.name, trip.written->ToString());
        } else if (!trip.read->Equals(trip.written)) {
          lines += fmt::format("| {}, {} | {} | comes back as {} | – |\n", end, kind.name,
                               trip.written->ToString(), trip.read->ToString());
        }
      }
    }
  }
  std::string text = fmt::format(
      "The [suites](../../testing/conformance/README.md) are run with the sources: {}; "
      "and "
      "the sinks: {}.\n",
      names_of(of.sources), names_of(of.sinks));
  if (lines.empty()) return text + "Nothing is left out.\n";
  return text + "\n| of | is not | why | tests left out |\n|---|---|---|---|\n" + lines;
}

std::string with_block(std::string_view text, std::string_view block) {
  const std::string marked = fmt::format("{}{}{}", kBegin, block, kEnd);
  const size_t begin = text.find(kBegin);
  const size_t end = text.find(kEnd);
  if (begin == std::string_view::npos || end == std::string_view::npos) {
    return fmt::format("{}\n## What the conformance suites leave out\n\n{}", text,
                       marked);
  }
  return fmt::format("{}{}{}", text.substr(0, begin), marked,
                     text.substr(end + kEnd.size()));
}

std::string readme_of(const Conformance& of) {
  const char* root = std::getenv("VELO_SOURCE_DIR");
  return fmt::format("{}/src/velo/connectors/{}/README.md", root ? root : ".", of.folder);
}

}  // namespace velo::testing
