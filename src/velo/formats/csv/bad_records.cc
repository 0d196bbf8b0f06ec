#include "velo/formats/csv/bad_records.h"

#include <utility>

namespace velo::formats {
namespace {

std::string_view without_line_break(std::string_view record) {
  if (record.ends_with('\n')) record.remove_suffix(1);
  if (record.ends_with('\r')) record.remove_suffix(1);
  return record;
}

}  // namespace

Result<SiftedText> sift_records(std::string_view text, const std::string& name,
                                RecordPosition position, char delimiter,
                                bool ignore_empty_lines, const RecordFaults& faults) {
  SiftedText sifted;
  int64_t row = 0;
  for (size_t begin = 0; begin < text.size();) {
    const std::string_view rest = text.substr(begin);
    const size_t empty_line = line_break_size(rest);
    const bool is_ignored = empty_line > 0 && ignore_empty_lines;
    const std::string_view record =
        rest.substr(0, is_ignored ? empty_line : find_record(rest, delimiter).num_bytes);
    const RecordFault* fault = nullptr;
    if (!is_ignored) {
      const auto ragged = faults.ragged.find(static_cast<std::ptrdiff_t>(begin));
      if (ragged != faults.ragged.end()) {
        fault = &ragged->second;
      } else if (const auto unfit = faults.unfit.find(row++);
                 unfit != faults.unfit.end()) {
        fault = &unfit->second;
      } else {
        sifted.good += record;
        ++sifted.num_good;
      }
    }
    if (fault) {
      sifted.bad.push_back(
          {.record = {make_error(fault->kind,
                                 {.resource = name, .position = position.to_string()},
                                 fault->message),
                      std::string(without_line_break(record))},
           .num_rows_before = sifted.num_good,
           .offset = position.offset});
    }
    position.advance(record);
    begin += record.size();
  }
  if (sifted.bad.size() == faults.ragged.size() + faults.unfit.size()) return sifted;
  return make_error(ErrorKind::kCorruptData, {.resource = name},
                    "the bad records cannot be told from the others");
}

}  // namespace velo::formats
