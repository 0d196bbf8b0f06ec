// Any bytes as two schemas and a datum, apart by zeros: what the first has written, read
// as the second asks for. What a schema says is written, and read again as the same.

#include <cstdlib>
#include <string_view>

#include "velo/formats/avro/datum.h"
#include "velo/formats/avro/schema_of_arrow.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace velo::formats::avro;  // NOLINT: short, and nobody includes this
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto next = [&] {
    const std::string_view part = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    return part;
  };
  const auto written = parse_schema(next());
  if (!written.ok()) return 0;
  const auto again = parse_schema(json_of(**written));
  if (again.ok() && to_string(**again) != to_string(**written)) std::abort();
  const auto wanted = parse_schema(next());
  for (const auto& pair : {std::pair{*written, *written},
                           std::pair{*written, wanted.ok() ? *wanted : *written}}) {
    auto decoder = DatumDecoder::make(pair.first, pair.second, 1 << 16);
    if (!decoder.ok()) continue;
    const bool is_good = (*decoder)->append(rest).ok();
    (void)(*decoder)->append(rest.substr(0, rest.size() / 2));
    if ((*decoder)->append(rest).ok() != is_good) std::abort();
    const auto rows = (*decoder)->finish();
    if (!rows.ok() || !(*rows)->ValidateFull().ok()) std::abort();
    if (is_good && (*rows)->num_rows() < 2) std::abort();
  }
  return 0;
}
