#include "velo/formats/projection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace velo::formats {

Result<Projection> project(const arrow::Schema& whole,
                           const std::optional<std::vector<std::string>>& columns,
                           const std::string& resource) {
  Projection projection;
  if (!columns) {
    projection.indices.resize(static_cast<size_t>(whole.num_fields()));
    std::iota(projection.indices.begin(), projection.indices.end(), 0);
    projection.schema = arrow::schema(whole.fields());
    return projection;
  }
  arrow::FieldVector fields;
  for (const std::string& name : *columns) {
    const int index = whole.GetFieldIndex(name);
    if (index < 0) {
      return make_error(ErrorKind::kInvalidArgument, {.resource = resource},
                        fmt::format("there is no column '{}'; there are {}", name,
                                    fmt::join(whole.field_names(), ", ")));
    }
    projection.indices.push_back(index);
    fields.push_back(whole.field(index));
  }
  projection.schema = arrow::schema(std::move(fields));
  return projection;
}

Result<Projection> project_typed(const arrow::Schema& whole, const DecodeOptions& options,
                                 std::string_view format, const std::string& resource) {
  if (options.is_inferred) {
    return project(whole, known_columns(whole, options.columns), resource);
  }
  if (options.schema && !options.schema->Equals(whole, /*check_metadata=*/false)) {
    return make_error(ErrorKind::kSchemaMismatch, {.resource = resource},
                      fmt::format("{} has its own schema; CAST in the SELECT instead of "
                                  "giving schema=",
                                  format));
  }
  return project(whole, options.columns, resource);
}

Result<std::shared_ptr<arrow::RecordBatch>> in_wanted_order(
    const Projection& projection, const arrow::RecordBatch& yielded,
    const std::string& resource) {
  std::vector<int> indices = projection.indices;
  std::ranges::sort(indices);
  indices.erase(std::ranges::unique(indices).begin(), indices.end());
  if (yielded.num_columns() != static_cast<int>(indices.size())) {
    return make_error(ErrorKind::kCorruptData, {.resource = resource},
                      "the columns are not those that its schema names");
  }
  arrow::ArrayVector columns;
  for (const int index : projection.indices) {
    const auto position = std::ranges::lower_bound(indices, index) - indices.begin();
    columns.push_back(yielded.column(static_cast<int>(position)));
  }
  return arrow::RecordBatch::Make(projection.schema, yielded.num_rows(),
                                  std::move(columns));
}

std::optional<std::vector<std::string>> known_columns(
    const arrow::Schema& whole, std::optional<std::vector<std::string>> columns) {
  if (!columns) return columns;
  std::erase_if(*columns,
                [&](const std::string& name) { return whole.GetFieldIndex(name) < 0; });
  return columns;
}

}  // namespace velo::formats
