#include "velo/formats/csv/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace velo::formats {
namespace {

std::string as_shown(std::string_view text) {
  constexpr size_t kMostShown = 40;
  std::string shown(text.substr(0, kMostShown));
  std::ranges::replace_if(
      shown, [](char c) { return c >= 0 && c < ' '; }, ' ');
  return text.size() > kMostShown ? shown + "…" : shown;
}

}  // namespace

RecordFault fault_of(const BrokenRecord& record, int num_columns, char delimiter) {
  if (record.fault == BrokenRecord::Fault::kBehindQuote) {
    return {ErrorKind::kCorruptData,
            "text stands behind a closing quote; a quote inside a value is doubled, or "
            "give quote= or escape="};
  }
  return {ErrorKind::kCorruptData,
          fmt::format("the row has {} columns, the file has {}; quote values that "
                      "hold the delimiter '{}', or give delimiter=",
                      record.num_values, num_columns, delimiter)};
}

RecordFault fault_of(std::string_view value, const arrow::Field& field) {
  if (arrow::is_base_binary_like(field.type()->id())) {
    return {
        ErrorKind::kCorruptData,
        fmt::format("column '{}' is not UTF-8, or not of the encoding= that was given; "
                    "encoding=latin1, say, reads another",
                    field.name())};
  }
  return {ErrorKind::kSchemaMismatch,
          fmt::format("column '{}' is {}, and '{}' is not; correct the line, or give the "
                      "column another type with schema=",
                      field.name(), field.type()->ToString(), as_shown(value))};
}

Status fault_at(const RecordPosition& position, const std::string& name,
                const RecordFault& fault) {
  return make_error(fault.kind, {.resource = name, .position = position.to_string()},
                    fault.message);
}

Status corrupt_at(const RecordPosition& position, const std::string& name,
                  std::string message) {
  return fault_at(position, name, {ErrorKind::kCorruptData, std::move(message)});
}

Status open_quote_at(const RecordPosition& position, const std::string& name) {
  return corrupt_at(position, name,
                    "a quote in this record is not closed before the file ends");
}

}  // namespace velo::formats
