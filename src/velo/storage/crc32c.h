#pragma once

#include <cstdint>
#include <string_view>

namespace velo::storage {

/// The CRC-32C (Castagnoli) of some bytes, as snappy's frames have it (RFC 3720, B.4).
uint32_t crc32c(std::string_view bytes);

/// The same without the processor's instruction for it, where it has none.
uint32_t crc32c_by_table(std::string_view bytes);

}  // namespace velo::storage
