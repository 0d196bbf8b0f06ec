#pragma once

/// Takes the bad records out of parsed CSV text, so that the others can be converted.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "velo/formats/csv/record_position.h"
#include "velo/formats/format.h"

namespace velo::formats {

/// What is wrong with a record.
struct RecordFault {
  ErrorKind kind;
  std::string message;
};

/// The bad records of a text.
struct RecordFaults {
  /// Those that do not have as many values as others, by their offset in the text: the
  /// parser leaves them out.
  std::map<std::ptrdiff_t, RecordFault> ragged;
  /// Those with a value that does not fit, by their number among the rows parsed.
  std::map<int64_t, RecordFault> unfit;

  bool empty() const { return ragged.empty() && unfit.empty(); }
};

/// A text, split in two.
struct SiftedText {
  std::string good;  ///< the other records, as they stood
  int64_t num_good = 0;
  std::vector<PlacedBadRecord> bad;
};

/// Split whole records at the front of a file's rest. `name` and `position` are those of
/// the text. Errors: kCorruptData where the records are not those that the parser saw.
Result<SiftedText> sift_records(std::string_view text, const std::string& name,
                                RecordPosition position, char delimiter,
                                bool ignore_empty_lines, const RecordFaults& faults);

}  // namespace velo::formats
