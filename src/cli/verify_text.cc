#include "verify_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "progress.h"

namespace velo::cli {
namespace {

using Json = nlohmann::ordered_json;

// More are shown by --json.
constexpr size_t kMostRangesShown = 20;

std::string line(std::string_view label, std::string_view text) {
  return fmt::format("  {:<9} {}\n", label, text);
}

std::string side_of(const std::string& address, const VerifiedSide& side) {
  return fmt::format("{}: {} rows, hash {}", address, with_separators(side.num_rows),
                     side.hash);
}

std::string text_of(const ComparedColumn& column) {
  const bool is_same = column.source_type == column.sink_type;
  return fmt::format(
      "{} {}{}{}", column.name, column.source_type,
      is_same ? "" : fmt::format(" with {} as {}", column.sink_type, column.as),
      column.is_key ? ", key" : "");
}

// Of a value, what does not command a terminal.
std::string shown(std::string_view text) {
  constexpr char kFirstOfC1 = '\xC2';  // in UTF-8 those control characters have two bytes
  std::string shown;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    const bool is_c1 = text[i] == kFirstOfC1 && next >= 0x80 && next < 0xA0;
    if (byte < 0x20 || byte == 0x7F || is_c1) {
      shown += fmt::format("\\x{:02x}", is_c1 ? next : byte);
      if (is_c1) ++i;
    } else {
      shown += text[i];
    }
  }
  return shown;
}

std::string text_of(const VerifiedValue& value) {
  return fmt::format("{}={}", value.column,
                     value.text ? fmt::format("'{}'", shown(*value.text)) : "NULL");
}

std::string text_of(const std::vector<VerifiedValue>& values) {
  std::string text;
  for (const VerifiedValue& value : values) {
    text += (text.empty() ? "" : ", ") + text_of(value);
  }
  return text;
}

std::string text_of(const DifferingRange& range, const std::string& column) {
  std::string bounds = column;
  if (range.from) bounds = shown(*range.from) + " ≤ " + bounds;
  if (range.to) bounds += " < " + shown(*range.to);
  return fmt::format("{}: {} rows, {} in the sink", bounds,
                     with_separators(range.source_rows),
                     with_separators(range.sink_rows));
}

std::string_view kind_of(const DifferingRow& row) {
  if (row.sink_rows == 0) return "missing";
  if (row.source_rows == 0) return "extra";
  return row.source_rows == 1 && row.sink_rows == 1 ? "changed" : "repeated";
}

std::string text_of(const DifferingRow& row) {
  std::string text = text_of(row.key);
  const auto add = [&text](std::string_view mark, const std::string& more) {
    if (!more.empty()) text += fmt::format("{}{}", text.empty() ? "" : mark, more);
  };
  if (row.source_rows != 1 || row.sink_rows != 1) add(": ", text_of(row.source));
  if (row.source_rows == 0) add(": ", text_of(row.sink));
  if (row.source_rows == 1 && row.sink_rows == 1) {
    add(": ", text_of(row.source) + " → " + text_of(row.sink));
  }
  if (row.source_rows + row.sink_rows == 1) return text;
  return fmt::format(
      "{}{}", text,
      kind_of(row) == "changed"
          ? ""
          : fmt::format(" ({} times, {} in the sink)", row.source_rows, row.sink_rows));
}

std::string differences_of(const Verification& verification) {
  const Differences& found = verification.differences;
  return fmt::format("{}{} missing, {} extra, {} changed, {} repeated",
                     verification.all_counted ? "" : "at least ",
                     with_separators(found.only_in_source),
                     with_separators(found.only_in_sink), with_separators(found.changed),
                     with_separators(found.repeated));
}

std::string text_of_difference(const Verification& verification) {
  std::string text;
  const auto& ranges = verification.ranges;
  for (size_t i = 0; i < std::min(ranges.size(), kMostRangesShown); ++i) {
    text += line("range", text_of(ranges[i], verification.columns.front().name));
  }
  if (ranges.size() > kMostRangesShown) {
    text += line(
        "…", fmt::format("{} more; --json shows all", ranges.size() - kMostRangesShown));
  }
  if (verification.rows.empty()) return text;
  text += line("rows", differences_of(verification));
  for (const DifferingRow& row : verification.rows)
    text += line(kind_of(row), text_of(row));
  return text;
}

Json json_of(const std::vector<VerifiedValue>& values) {
  Json object = Json::object();
  for (const VerifiedValue& value : values) {
    object[value.column] = value.text ? Json(*value.text) : Json();
  }
  return object;
}

Json json_of(const std::string& address, const VerifiedSide& side) {
  return {{"address", address}, {"rows", side.num_rows}, {"hash", side.hash}};
}

Json columns_of(const Verification& verification) {
  Json columns = Json::array();
  for (const ComparedColumn& column : verification.columns) {
    columns.push_back({{"name", column.name},
                       {"source_type", column.source_type},
                       {"sink_type", column.sink_type},
                       {"as", column.as},
                       {"key", column.is_key}});
  }
  return columns;
}

Json ranges_of(const Verification& verification) {
  Json ranges = Json::array();
  for (const DifferingRange& range : verification.ranges) {
    ranges.push_back({{"from", range.from ? Json(*range.from) : Json()},
                      {"to", range.to ? Json(*range.to) : Json()},
                      {"source_rows", range.source_rows},
                      {"sink_rows", range.sink_rows}});
  }
  return ranges;
}

Json rows_of(const Verification& verification) {
  Json rows = Json::array();
  for (const DifferingRow& row : verification.rows) {
    rows.push_back({{"difference", kind_of(row)},
                    {"source_rows", row.source_rows},
                    {"sink_rows", row.sink_rows},
                    {"key", json_of(row.key)},
                    {"source", json_of(row.source)},
                    {"sink", json_of(row.sink)}});
  }
  return rows;
}

}  // namespace

std::string text_of(const VerifiedEnds& ends, const Verification& verification) {
  std::string text = verification.equal ? "equal\n" : "not equal\n";
  text += line("source", side_of(ends.source, verification.source)) +
          line("sink", side_of(ends.sink, verification.sink));
  for (const ComparedColumn& column : verification.columns) {
    text += line("column", text_of(column));
  }
  if (!verification.not_compared.empty()) {
    text +=
        line("left out", fmt::format("{}", fmt::join(verification.not_compared, ", ")));
  }
  if (!verification.equal) text += text_of_difference(verification);
  if (!verification.notice.empty()) text += line("notice", verification.notice);
  return text;
}

std::string json_of(const VerifiedEnds& ends, const Verification& verification) {
  const Differences& found = verification.differences;
  const Json whole = {{"equal", verification.equal},
                      {"source", json_of(ends.source, verification.source)},
                      {"sink", json_of(ends.sink, verification.sink)},
                      {"columns", columns_of(verification)},
                      {"not_compared", verification.not_compared},
                      {"ranges", ranges_of(verification)},
                      {"differences",
                       {{"missing", found.only_in_source},
                        {"extra", found.only_in_sink},
                        {"changed", found.changed},
                        {"repeated", found.repeated},
                        {"all_counted", verification.all_counted}}},
                      {"rows", rows_of(verification)},
                      {"notice", verification.notice}};
  return whole.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace velo::cli
