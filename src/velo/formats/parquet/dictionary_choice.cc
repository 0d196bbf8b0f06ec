#include "velo/formats/parquet/dictionary_choice.h"

#include <arrow/compute/api_vector.h>

#include <memory>

namespace velo::formats {
namespace {

bool is_flat(arrow::Type::type type) {
  return arrow::is_primitive(type) || arrow::is_decimal(type) ||
         arrow::is_base_binary_like(type) || type == arrow::Type::FIXED_SIZE_BINARY;
}

}  // namespace

Result<bool> is_worth_dictionary(const arrow::ChunkedArray& first_rows) {
  if (!is_flat(first_rows.type()->id())) return true;
  const auto sample = first_rows.Slice(0, kDictionarySampleRows);
  ARROW_ASSIGN_OR_RAISE(const auto distinct, arrow::compute::Unique(sample));
  return distinct->length() <= sample->length() / 2;
}

}  // namespace velo::formats
