#pragma once

#include <cstdint>
#include <string_view>

namespace velo::formats::avro {

/// The CRC-32 of ISO 3309, as gzip and Avro's snappy blocks have it.
uint32_t crc32(std::string_view bytes);

}  // namespace velo::formats::avro
