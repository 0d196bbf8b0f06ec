#include "velo/formats/avro/crc32.h"

#include <array>
#include <bit>
#include <cstring>

namespace velo::formats::avro {
namespace {

constexpr uint32_t kPolynomial = 0xEDB88320;  // reversed
constexpr size_t kSlices = 8;

using Tables = std::array<std::array<uint32_t, 256>, kSlices>;

// tables[k][b]: what byte b does to the checksum when k bytes follow it.
constexpr Tables make_tables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = rest >> 1 ^ ((rest & 1) ? kPolynomial : 0);
    tables[0][byte] = rest;
  }
  for (size_t k = 1; k < kSlices; ++k) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[k - 1][byte];
      tables[k][byte] = before >> 8 ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

uint32_t crc32(std::string_view bytes) {
  static_assert(std::endian::native == std::endian::little);
  uint32_t sum = ~uint32_t{0};
  size_t i = 0;
  for (; i + kSlices <= bytes.size(); i += kSlices) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, kSlices);
    word ^= sum;
    sum = 0;
    for (size_t k = 0; k < kSlices; ++k) {
      sum ^= kTables[kSlices - 1 - k][word >> 8 * k & 0xFF];
    }
  }
  for (; i < bytes.size(); ++i) {
    sum = sum >> 8 ^ kTables[0][(sum ^ static_cast<uint8_t>(bytes[i])) & 0xFF];
  }
  return ~sum;
}

}  // namespace velo::formats::avro
