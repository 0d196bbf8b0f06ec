#include "velo/formats/seen_columns.h"

#include <utility>

#include "velo/columnar/schema_union.h"

namespace velo::formats {

std::shared_ptr<arrow::Schema> with_columns_of(
    const Format& format, Input records, const OptionValues& values,
    const std::shared_ptr<arrow::Schema>& inferred) {
  const auto decoder = format.make_decoder(
      std::move(records), values,
      {.only_schema = true, .infers_from_all = true, .keep_bad_records = true});
  return decoder.ok() ? widened(inferred, *(*decoder)->schema()) : inferred;
}

}  // namespace velo::formats
