/// Bytes as binary COPY data of a table with a column of every type that is decoded.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "velo/connectors/postgresql/copy_binary.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace velo;  // NOLINT: short, and nobody includes this
  const auto schema = arrow::schema(
      {arrow::field("a", arrow::boolean()), arrow::field("b", arrow::int16()),
       arrow::field("c", arrow::int32()), arrow::field("d", arrow::int64()),
       arrow::field("e", arrow::float32()), arrow::field("f", arrow::float64()),
       arrow::field("g", arrow::utf8()), arrow::field("h", arrow::binary()),
       arrow::field("i", arrow::date32()),
       arrow::field("j", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
       arrow::field("k", arrow::decimal128(12, 2))});
  auto decoder = postgresql::CopyDecoder::make(schema);
  if (!decoder.ok()) std::abort();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Status status = (*decoder)->decode(bytes);
  if (!status.ok()) return 0;
  const auto rows = (*decoder)->take();
  if (!rows.ok() || !(*rows)->ValidateFull().ok()) std::abort();
  return 0;
}
