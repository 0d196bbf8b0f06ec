#include "velo/formats/csv/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace velo::formats {
namespace {

Status mismatch(const std::string& resource, std::string message) {
  return make_error(ErrorKind::kSchemaMismatch, {.resource = resource},
                    std::move(message));
}

}  // namespace

Result<std::shared_ptr<arrow::Schema>> match_inferred_schema(
    const std::vector<std::string>& names, const arrow::Schema& found,
    const std::string& resource) {
  arrow::FieldVector fields;
  for (const std::string& name : names) {
    fields.push_back(found.GetFieldByName(name));
    if (fields.back()) continue;
    return mismatch(resource, fmt::format("there is a column '{}', which was not there "
                                          "when the columns of all files were looked at; "
                                          "run again",
                                          name));
  }
  return arrow::schema(std::move(fields));
}

Result<std::shared_ptr<arrow::Schema>> match_given_schema(
    const std::vector<std::string>& names, bool has_header, const arrow::Schema& given,
    const std::string& resource) {
  if (!has_header) {
    if (given.num_fields() != static_cast<int>(names.size())) {
      return mismatch(resource,
                      fmt::format("the first row has {} columns, schema= names {}",
                                  names.size(), given.num_fields()));
    }
    return arrow::schema(given.fields());
  }
  arrow::FieldVector fields;
  for (const std::string& name : names) {
    auto field = given.GetFieldByName(name);
    if (!field) {
      return mismatch(
          resource,
          fmt::format("schema= has no column '{}', which the header names; add it",
                      name));
    }
    fields.push_back(std::move(field));
  }
  for (const auto& field : given.fields()) {
    if (std::ranges::find(names, field->name()) == names.end()) {
      return mismatch(
          resource,
          fmt::format("schema= names a column '{}', the header does not", field->name()));
    }
  }
  return arrow::schema(std::move(fields));
}

}  // namespace velo::formats
