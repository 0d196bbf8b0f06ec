#include "velo/formats/parquet/dictionary_choice.h"

#include <arrow/compute/api_vector.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <memory>

namespace velo::formats {
namespace {

// Whose distinct values Arrow can find.
bool is_flat(arrow::Type::type type) {
  const bool is_decimal =
      type == arrow::Type::DECIMAL128 || type == arrow::Type::DECIMAL256;
  return arrow::is_primitive(type) || is_decimal || arrow::is_base_binary_like(type) ||
         type == arrow::Type::FIXED_SIZE_BINARY;
}

// Looking at values copies the distinct ones.
Result<int64_t> num_sample_rows(const arrow::ChunkedArray& rows) {
  ARROW_ASSIGN_OR_RAISE(const int64_t num_bytes, arrow::util::ReferencedBufferSize(rows));
  if (num_bytes <= kDictionarySampleBytes) return kDictionarySampleRows;
  const double row_bytes =
      static_cast<double>(num_bytes) / static_cast<double>(rows.length());
  const auto num_rows = static_cast<int64_t>(kDictionarySampleBytes / row_bytes);
  return std::clamp<int64_t>(num_rows, 2, kDictionarySampleRows);
}

}  // namespace

Result<bool> is_worth_dictionary(const arrow::ChunkedArray& first_rows) {
  if (!is_flat(first_rows.type()->id())) return true;
  ARROW_ASSIGN_OR_RAISE(const int64_t num_rows, num_sample_rows(first_rows));
  const auto sample = first_rows.Slice(0, num_rows);
  ARROW_ASSIGN_OR_RAISE(const auto distinct, arrow::compute::Unique(sample));
  return distinct->length() <= sample->length() / 2;
}

}  // namespace velo::formats
