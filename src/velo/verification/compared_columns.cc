#include "velo/verification/compared_columns.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/columnar/change_columns.h"
#include "velo/columnar/schema_text.h"

namespace velo::verification {
namespace {

using FieldPointer = std::shared_ptr<arrow::Field>;

Status mismatch(std::string message) {
  return make_error(ErrorKind::kSchemaMismatch, {}, std::move(message));
}

// Of this very name, or the only one of it in another case; nullptr where there is none.
Result<FieldPointer> find_column(const arrow::Schema& schema, const std::string& name,
                                 std::string_view side) {
  FieldPointer found;
  int num_found = 0;
  for (const bool exactly : {true, false}) {
    if (num_found > 0) break;
    for (const FieldPointer& field : schema.fields()) {
      const bool meets = exactly ? field->name() == name
                                 : ascii_lower(field->name()) == ascii_lower(name);
      if (!meets) continue;
      found = field;
      ++num_found;
    }
  }
  if (num_found < 2) return found;
  return mismatch(fmt::format("the {} has {} columns named '{}'", side, num_found, name));
}

Result<FieldPointer> column_named(const arrow::Schema& schema, const std::string& name,
                                  std::string_view side) {
  ARROW_ASSIGN_OR_RAISE(auto found, find_column(schema, name, side));
  if (found) return found;
  return make_error(ErrorKind::kInvalidArgument, {},
                    fmt::format("the {} has no column '{}'; its columns are {}", side,
                                name, fmt::join(schema.field_names(), ", ")));
}

Result<ColumnPair> make_pair_of(const FieldPointer& source, const FieldPointer& sink) {
  auto comparison = comparison_of(*source->type(), *sink->type());
  if (!comparison.ok()) {
    return mismatch(fmt::format("column '{}': {}; compare others by their names",
                                source->name(), comparison.status().message()));
  }
  return ColumnPair{source, sink, *std::move(comparison)};
}

std::string sentence(const std::vector<std::string>& names, std::string_view side) {
  return names.empty()
             ? ""
             : fmt::format("only the {} has {}; ", side, fmt::join(names, ", "));
}

// All columns of both, which must be the same but for those that only a change has.
Result<ComparedColumns> match_all(const arrow::Schema& source,
                                  const arrow::Schema& sink) {
  ComparedColumns columns;
  std::vector<std::string> lonely;
  std::vector<std::string> sink_names = sink.field_names();
  const auto leave_out = [&](const std::string& name, std::vector<std::string>& alone) {
    (is_change_column(name) ? columns.not_compared : alone).push_back(name);
  };
  for (const FieldPointer& field : source.fields()) {
    ARROW_ASSIGN_OR_RAISE(const auto found, find_column(sink, field->name(), "sink"));
    if (!found) {
      leave_out(field->name(), lonely);
      continue;
    }
    std::erase(sink_names, found->name());
    ARROW_ASSIGN_OR_RAISE(auto pair, make_pair_of(field, found));
    columns.pairs.push_back(std::move(pair));
  }
  std::vector<std::string> lonely_in_sink;
  for (const std::string& name : sink_names) leave_out(name, lonely_in_sink);
  if (lonely.empty() && lonely_in_sink.empty()) return columns;
  return mismatch(sentence(lonely, "source") + sentence(lonely_in_sink, "sink") +
                  "say by their names which columns to compare");
}

Result<ComparedColumns> match_named(const arrow::Schema& source,
                                    const arrow::Schema& sink,
                                    const std::vector<std::string>& names) {
  ComparedColumns columns;
  for (const std::string& name : names) {
    ARROW_ASSIGN_OR_RAISE(const auto left, column_named(source, name, "source"));
    if (std::ranges::find(columns.pairs, left, &ColumnPair::source) !=
        columns.pairs.end()) {
      return make_error(ErrorKind::kInvalidArgument, {},
                        fmt::format("column '{}' is named twice", left->name()));
    }
    ARROW_ASSIGN_OR_RAISE(const auto right, column_named(sink, name, "sink"));
    ARROW_ASSIGN_OR_RAISE(auto pair, make_pair_of(left, right));
    columns.pairs.push_back(std::move(pair));
  }
  return columns;
}

// Those of the key to the front, whether or not they were named.
Status put_key_first(const arrow::Schema& source, const arrow::Schema& sink,
                     const std::vector<std::string>& key, ComparedColumns& columns) {
  ARROW_ASSIGN_OR_RAISE(ComparedColumns keys, match_named(source, sink, key));
  std::erase_if(columns.pairs, [&](const ColumnPair& pair) {
    return std::ranges::any_of(keys.pairs, [&](const ColumnPair& of_key) {
      return of_key.source->name() == pair.source->name();
    });
  });
  columns.num_keys = keys.pairs.size();
  columns.pairs.insert(columns.pairs.begin(), keys.pairs.begin(), keys.pairs.end());
  return Status::OK();
}

}  // namespace

Result<ComparedColumns> match_columns(const arrow::Schema& source,
                                      const arrow::Schema& sink,
                                      const VerifyOptions& options) {
  ARROW_ASSIGN_OR_RAISE(ComparedColumns columns,
                        options.columns ? match_named(source, sink, *options.columns)
                                        : match_all(source, sink));
  ARROW_RETURN_NOT_OK(put_key_first(source, sink, options.key, columns));
  if (!columns.pairs.empty()) return columns;
  return make_error(ErrorKind::kInvalidArgument, {}, "there is no column to compare");
}

std::vector<ComparedColumn> describe(const ComparedColumns& columns) {
  std::vector<ComparedColumn> described;
  for (const ColumnPair& pair : columns.pairs) {
    described.push_back({.name = pair.source->name(),
                         .source_type = type_name(*pair.source->type()),
                         .sink_type = type_name(*pair.sink->type()),
                         .as = name_of(pair.comparison),
                         .is_key = described.size() < columns.num_keys});
  }
  return described;
}

}  // namespace velo::verification
