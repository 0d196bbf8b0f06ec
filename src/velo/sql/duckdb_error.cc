#include "velo/sql/duckdb_error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "velo/base/parse_number.h"
#include "velo/options.h"

namespace velo::sql {
namespace {

struct Fault {
  std::string type;     // "Binder", "binder"
  std::string message;  // of several lines perhaps
  std::string subtype;
  std::string name;       // what is not there
  std::string name_type;  // "Table Function"
  std::string candidates;
  std::optional<size_t> position;
};

std::string text_of(const nlohmann::json& object, const char* key) {
  const auto member = object.find(key);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

std::optional<size_t> position_of(const nlohmann::json& object) {
  return parse_number<size_t>(text_of(object, "position"));
}

Fault parse_fault(std::string_view error) {
  const size_t begin = error.find('{');
  const auto object = begin == std::string_view::npos
                          ? nlohmann::json()
                          : nlohmann::json::parse(error.substr(begin), nullptr, false);
  if (!object.is_object()) return {.message = std::string(error)};
  Fault fault{.type = text_of(object, "exception_type"),
              .message = text_of(object, "exception_message"),
              .subtype = text_of(object, "error_subtype"),
              .name = text_of(object, "name"),
              .name_type = text_of(object, "type"),
              .candidates = text_of(object, "candidates"),
              .position = position_of(object)};
  // json_serialize_sql has names of its own for the same.
  if (fault.type.empty()) fault.type = text_of(object, "error_type");
  if (fault.message.empty()) fault.message = text_of(object, "error_message");
  return fault;
}

ErrorKind kind_of_type(std::string_view type) {
  struct Row {
    std::string_view type;
    ErrorKind kind;
  };
  static constexpr std::array<Row, 23> kRows = {{
      {"Parser", ErrorKind::kInvalidArgument},
      {"parser", ErrorKind::kInvalidArgument},
      {"Syntax", ErrorKind::kInvalidArgument},
      {"Binder", ErrorKind::kInvalidArgument},
      {"Catalog", ErrorKind::kInvalidArgument},
      {"Expression", ErrorKind::kInvalidArgument},
      {"Mismatch Type", ErrorKind::kInvalidArgument},
      {"Invalid type", ErrorKind::kInvalidArgument},
      {"Invalid Input", ErrorKind::kInvalidArgument},
      {"Parameter Not Resolved", ErrorKind::kInvalidArgument},
      {"Parameter Not Allowed", ErrorKind::kInvalidArgument},
      {"Missing Extension", ErrorKind::kInvalidArgument},
      {"Conversion", ErrorKind::kCorruptData},
      {"Out of Range", ErrorKind::kCorruptData},
      {"Divide by Zero", ErrorKind::kCorruptData},
      {"Object Size", ErrorKind::kCorruptData},
      {"Not implemented", ErrorKind::kNotImplemented},
      {"not implemented", ErrorKind::kNotImplemented},
      {"Permission", ErrorKind::kPermissionDenied},
      {"INTERRUPT", ErrorKind::kCancelled},
      {"Out of Memory", ErrorKind::kSystem},
      {"IO", ErrorKind::kSystem},
      {"Dependency", ErrorKind::kInvalidArgument},
  }};
  const auto* row = std::find_if(kRows.begin(), kRows.end(),
                                 [&](const Row& each) { return each.type == type; });
  return row == kRows.end() ? ErrorKind::kInternal : row->kind;
}

std::string quoted_names(std::string_view candidates) {
  std::string text;
  while (!candidates.empty()) {
    const size_t end = candidates.find(',');
    if (!text.empty()) text += ", ";
    text += fmt::format("\"{}\"", candidates.substr(0, end));
    candidates.remove_prefix(end == std::string_view::npos ? candidates.size() : end + 1);
  }
  return text;
}

std::string no_column(const Fault& fault) {
  std::string text = fmt::format("there is no column \"{}\"", fault.name);
  if (!fault.candidates.empty()) {
    text += fmt::format("; candidates: {}", quoted_names(fault.candidates));
  }
  return text;
}

std::string no_entry(const Fault& fault, const Registry& registry) {
  if (fault.name_type == "Table") {
    return fmt::format(
        "there is no statement named \"{}\" before this one; a file is read by "
        "file('…')",
        fault.name);
  }
  std::vector<std::string_view> schemes;
  for (const Connector& connector : registry.connectors()) {
    if (connector.create_source) schemes.push_back(connector.scheme);
  }
  std::string text = fmt::format("there is no function \"{}\"", fault.name);
  const std::string_view nearest = nearest_name(fault.name, schemes);
  if (!nearest.empty()) return text + fmt::format("; did you mean {}('…')?", nearest);
  if (fault.name_type == "Table Function") {
    text += fmt::format("; the systems here are {}", fmt::join(schemes, ", "));
  } else if (!fault.candidates.empty()) {
    text += fmt::format("; candidates: {}", quoted_names(fault.candidates));
  }
  return text;
}

std::string message_of(const Fault& fault, const Registry& registry) {
  if (fault.subtype == "COLUMN_NOT_FOUND") return no_column(fault);
  if (fault.subtype == "MISSING_ENTRY") return no_entry(fault, registry);
  if (fault.message.find("disabled by configuration") != std::string::npos) {
    return "DuckDB's own readers are shut off here: read a file with file('…')";
  }
  if (fault.message.find("Only SELECT statements") != std::string::npos) {
    return "this is not a SELECT";
  }
  if (fault.type == "Out of Memory") {
    return fmt::format(
        "DuckDB needs more than its half of the memory: {}; --memory gives more",
        fault.message.substr(0, fault.message.find('\n')));
  }
  return fault.message;
}

}  // namespace

Status duckdb_error(std::string_view error, const SqlText& sql, size_t begin,
                    const Registry& registry) {
  const Fault fault = parse_fault(error);
  const ErrorKind kind = kind_of_type(fault.type);
  std::string message = message_of(fault, registry);
  if (kind == ErrorKind::kInternal) message = "DuckDB: " + message;
  const size_t position = fault.position.value_or(begin);
  const bool is_inside = position >= begin && position - begin <= sql.text().size();
  return sql.error_at(is_inside ? position - begin : 0, kind, message);
}

std::string duckdb_message(std::string_view error) { return parse_fault(error).message; }

}  // namespace velo::sql
