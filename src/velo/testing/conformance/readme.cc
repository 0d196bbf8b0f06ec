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

// What is said of kinds, and of which.
class Table {
 public:
  void add(std::string_view end, const Kind& kind, std::string what) {
    const auto known = std::ranges::find(rows_, what, &Row::what);
    Row& row =
        known != rows_.end() ? *known : rows_.emplace_back(Row{std::move(what), {}});
    row.of.push_back(fmt::format("{} {}", end, kind.name));
  }

  std::string text() const {
    if (rows_.empty()) return "Nothing is left out.\n";
    std::string text = "\n| is not | why | tests left out | of |\n|---|---|---|---|\n";
    for (const Row& row : rows_) {
      text += fmt::format("| {} | {} |\n", row.what, fmt::join(row.of, ", "));
    }
    return text;
  }

 private:
  struct Row {
    std::string what;
    std::vector<std::string> of;
  };
  std::vector<Row> rows_;
};

template <typename Case>
void add_lacks(std::string_view end, const Kind& kind, const std::vector<Case>& cases,
               Table& table) {
  for (const Lack& lack : kind.lacks) {
    const auto names = left_out(cases, lack.trait);
    table.add(
        end, kind,
        fmt::format("{} | {} | {}", to_string(lack.trait), lack.reason,
                    names.empty() ? "–" : fmt::format("{}", fmt::join(names, ", "))));
  }
}

void add_types(std::string_view end, const Kind& kind, Table& table) {
  for (const TypeTrip& trip : kind.types) {
    const std::string name = trip.written->ToString();
    if (!trip.not_tried.empty()) {
      table.add(end, kind, fmt::format("{} | {} | its values", name, trip.not_tried));
    } else if (!trip.read) {
      table.add(end, kind, fmt::format("{} | is refused by the column's name | –", name));
    } else if (!trip.read->Equals(trip.written)) {
      table.add(end, kind,
                fmt::format("{} | comes back as {} | –", name, trip.read->ToString()));
    }
  }
}

std::string names_of(const auto& kinds) {
  std::vector<std::string> names;
  for (const Kind& kind : kinds) names.push_back(kind.name);
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

std::string describe_lacks(const Conformance& of) {
  Table table;
  for (const SourceKind& kind : of.sources) {
    add_lacks("source", kind, all_source_cases(), table);
  }
  for (const SinkKind& kind : of.sinks) {
    add_lacks("sink", kind, all_sink_cases(), table);
    for (const Unreached& one : kind.unreached) {
      table.add("sink", kind,
                fmt::format("step {} | {} | –: that it is not reached is tested",
                            to_string(one.step), one.reason));
    }
  }
  for (const SourceKind& kind : of.sources) add_types("source", kind, table);
  for (const SinkKind& kind : of.sinks) add_types("sink", kind, table);
  return fmt::format(
      "The [suites](../../testing/conformance/README.md) are run with the sources: {}; "
      "and "
      "the sinks: {}.\n{}",
      names_of(of.sources), names_of(of.sinks), table.text());
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
