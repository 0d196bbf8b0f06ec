#include "velo/connectors/generate/options.h"

#include <fmt/format.h>

#include <limits>
#include <string>
#include <vector>

namespace velo::generate {
namespace {

constexpr int64_t kMostRows = std::numeric_limits<int64_t>::max();
constexpr int64_t kMostBatchRows = 1'000'000;

Status fail(const Uri& uri, ErrorKind kind, std::string message) {
  return make_error(kind,
                    {.connector = "generate",
                     .resource = redact_uri({.scheme = uri.scheme, .path = uri.path})},
                    std::move(message));
}

Result<const Table*> find_table(const Uri& uri) {
  std::vector<std::string_view> names;
  for (const Table* table : all_tables()) {
    if (table->name == uri.path) return table;
    names.push_back(table->name);
  }
  if (uri.path.empty()) {
    return fail(uri, ErrorKind::kInvalidArgument,
                fmt::format("name a table: {}", fmt::join(names, ", ")));
  }
  if (uri.path.find(',') != std::string::npos) {
    return fail(uri, ErrorKind::kInvalidArgument,
                "these are several tables, each a stream of its own, and here one is "
                "needed; velo copy and INSERT INTO move them all, into a sink with "
                "{table} in its address");
  }
  const std::string_view nearest = nearest_name(uri.path, names);
  return fail(uri, ErrorKind::kNotFound,
              nearest.empty()
                  ? fmt::format("no table '{}'; the tables are {}", uri.path,
                                fmt::join(names, ", "))
                  : fmt::format("no table '{}', did you mean '{}'?", uri.path, nearest));
}

Result<int64_t> number_of(const Uri& uri, const OptionValues& values,
                          std::string_view name, int64_t least, int64_t most) {
  const int64_t number = values.integer(name).value_or(least);
  if (number >= least && number <= most) return number;
  const std::string range = most == kMostRows ? fmt::format("{} or more", least)
                                              : fmt::format("{} to {}", least, most);
  return fail(
      uri, ErrorKind::kInvalidArgument,
      fmt::format("option '{}': '{}' is not what it takes: {}", name, number, range));
}

}  // namespace

const std::vector<OptionDescriptor>& generate_options() {
  static const std::vector<OptionDescriptor> options = {
      {.name = "rows",
       .type = OptionType::kInt,
       .unit = "rows",
       .default_value = "1000000",
       .doc = "How many rows the table has.",
       .use = OptionUse::kSource},
      {.name = "unbounded",
       .type = OptionType::kBool,
       .default_value = "false",
       .doc = "Go on until stopped, instead of ending after `rows`.",
       .use = OptionUse::kSource},
      {.name = "seed",
       .type = OptionType::kInt,
       .default_value = "1",
       .doc = "Which rows: the same seed gives the same rows, always.",
       .use = OptionUse::kSource},
      {.name = "rate",
       .type = OptionType::kInt,
       .unit = "rows/s",
       .default_value = "0",
       .doc = "Rows per second; 0 is as fast as possible.",
       .use = OptionUse::kSource},
      {.name = "batch_size",
       .type = OptionType::kInt,
       .unit = "rows",
       .default_value = "32768",
       .doc = "Most rows in one batch.",
       .use = OptionUse::kSource},
  };
  return options;
}

Result<GenerateOptions> GenerateOptions::from_uri(const Uri& uri) {
  GenerateOptions options;
  ARROW_ASSIGN_OR_RAISE(options.table, find_table(uri));
  ARROW_ASSIGN_OR_RAISE(const OptionValues values,
                        OptionValues::parse(uri, generate_options(), OptionUse::kSource));
  options.unbounded = values.boolean("unbounded");
  if (options.unbounded && values.has("rows")) {
    return fail(uri, ErrorKind::kInvalidArgument,
                "options 'rows' and 'unbounded' exclude each other: leave one out");
  }
  ARROW_ASSIGN_OR_RAISE(options.num_rows, number_of(uri, values, "rows", 0, kMostRows));
  if (options.unbounded) options.num_rows = kMostRows;
  options.seed = static_cast<uint64_t>(values.integer("seed").value_or(1));
  ARROW_ASSIGN_OR_RAISE(options.rows_per_second,
                        number_of(uri, values, "rate", 0, kMostRows));
  ARROW_ASSIGN_OR_RAISE(options.batch_rows,
                        number_of(uri, values, "batch_size", 1, kMostBatchRows));
  return options;
}

}  // namespace velo::generate
