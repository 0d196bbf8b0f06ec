#include "velo/verification/canonical_rows.h"

#include <arrow/scalar.h>
#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "velo/base/hex.h"

namespace velo::verification {
namespace {

// Of a value: more is not shown.
constexpr size_t kMostTextBytes = 200;

std::string cut_short(std::string text) {
  if (text.size() <= kMostTextBytes) return text;
  size_t end = kMostTextBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

Status CanonicalRows::bind(const arrow::RecordBatch& batch) {
  arrays_.clear();
  canonical_.clear();
  for (const ColumnPair& pair : columns_.pairs) {
    const arrow::Field& field = pair.of(side_);
    auto array = batch.GetColumnByName(field.name());
    if (!array || !array->type()->Equals(*field.type())) {
      return make_error(
          ErrorKind::kSchemaMismatch, {},
          fmt::format("column '{}' of {} is now {}", field.name(),
                      field.type()->ToString(),
                      array ? array->type()->ToString() : "no longer there"));
    }
    ARROW_ASSIGN_OR_RAISE(auto canonical, canonical_column(array, pair.comparison));
    arrays_.push_back(std::move(array));
    canonical_.push_back(std::move(canonical));
  }
  values_.resize(canonical_.size());
  return Status::OK();
}

// The size of each value comes before it, so that two rows of other values never have the
// same bytes.
void CanonicalRows::move_to(int64_t row) {
  row_ = row;
  bytes_.clear();
  for (size_t i = 0; i < canonical_.size(); ++i) {
    uint32_t size = 0;
    const size_t place = bytes_.size();
    bytes_.append(sizeof(size), '\0');
    const size_t begin = bytes_.size();
    canonical_[i]->append(row, bytes_);
    size = static_cast<uint32_t>(bytes_.size() - begin);
    std::memcpy(bytes_.data() + place, &size, sizeof(size));
    values_[i] = {begin, bytes_.size()};
  }
  key_size_ =
      columns_.num_keys > 0 ? values_[columns_.num_keys - 1].second : bytes_.size();
}

std::string_view CanonicalRows::first() const { return value(0); }

std::string_view CanonicalRows::value(size_t column) const {
  const auto [begin, end] = values_[column];
  return std::string_view(bytes_).substr(begin, end - begin);
}

std::optional<std::string> CanonicalRows::text(size_t column) const {
  const arrow::Array& array = *arrays_[column];
  if (array.IsNull(row_)) return std::nullopt;
  const auto scalar = array.GetScalar(row_);
  if (!scalar.ok()) return "?";
  if (arrow::is_binary_or_binary_view(array.type_id()) ||
      array.type_id() == arrow::Type::FIXED_SIZE_BINARY) {
    const auto& bytes = static_cast<const arrow::BaseBinaryScalar&>(**scalar);
    return cut_short("0x" + hex_encode(bytes.view()));
  }
  return cut_short((*scalar)->ToString());
}

}  // namespace velo::verification
