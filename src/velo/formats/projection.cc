#include "velo/formats/projection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <numeric>

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

std::optional<std::vector<std::string>> known_columns(
    const arrow::Schema& whole, std::optional<std::vector<std::string>> columns) {
  if (!columns) return columns;
  std::erase_if(*columns,
                [&](const std::string& name) { return whole.GetFieldIndex(name) < 0; });
  return columns;
}

}  // namespace velo::formats
