#include "velo/formats/csv/records.h"

#include <algorithm>

namespace velo::formats {

void CsvEscapes::resolve(std::string_view raw, std::string& out) const {
  const char before = escape ? *escape : *quote;
  for (size_t i = 0; i < raw.size(); ++i) {
    // What an escape stands before counts, whatever it is.
    if (raw[i] == before && i + 1 < raw.size()) ++i;
    out += raw[i];
  }
}

std::string_view CsvColumn::resolved(const RawValue& value) {
  resolved_.clear();
  escapes_->resolve(raw(value), resolved_);
  return resolved_;
}

void CsvRecords::drop(const std::vector<int64_t>& rows) {
  const auto width = static_cast<size_t>(num_columns_);
  auto dropped = rows.begin();
  size_t kept = 0;
  for (size_t row = 0; row < begins_.size(); ++row) {
    if (dropped != rows.end() && *dropped == static_cast<int64_t>(row)) {
      ++dropped;
      continue;
    }
    begins_[kept] = begins_[row];
    if (kept != row) {
      std::copy_n(values_.begin() + static_cast<std::ptrdiff_t>(row * width), width,
                  values_.begin() + static_cast<std::ptrdiff_t>(kept * width));
    }
    ++kept;
  }
  begins_.resize(kept);
  values_.resize(kept * width);
}

}  // namespace velo::formats
