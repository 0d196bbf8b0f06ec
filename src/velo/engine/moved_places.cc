#include "velo/engine/moved_places.h"

#include <string_view>

#include "velo/base/big_endian.h"

namespace velo::engine {
namespace {

constexpr size_t kVersionBytes = 8;
constexpr size_t kPlaceBytes = 2;
constexpr size_t kBitsPerByte = 8;
constexpr size_t kBitmapBytes = (size_t{1} << 16) / kBitsPerByte;
constexpr size_t kMostListed = kBitmapBytes / kPlaceBytes - 1;

}  // namespace

Result<MovedPlaces> MovedPlaces::decode(const Position& position) {
  std::string_view bytes = position.bytes;
  if (bytes.size() < kVersionBytes || bytes.size() % kPlaceBytes != 0 ||
      bytes.size() > kVersionBytes + kBitmapBytes) {
    return make_error(ErrorKind::kCorruptData, {},
                      "this is no position in dead letters that were replayed");
  }
  MovedPlaces moved;
  moved.version_ = read_big_endian<uint64_t>(bytes.data());
  bytes.remove_prefix(kVersionBytes);
  if (bytes.size() == kBitmapBytes) {
    for (size_t place = 0; place < kBitmapBytes * kBitsPerByte; ++place) {
      const auto byte = static_cast<uint8_t>(bytes[place / kBitsPerByte]);
      if ((byte >> (place % kBitsPerByte) & 1U) != 0) {
        moved.places_.insert(static_cast<uint16_t>(place));
      }
    }
    return moved;
  }
  for (; !bytes.empty(); bytes.remove_prefix(kPlaceBytes)) {
    moved.places_.insert(read_big_endian<uint16_t>(bytes.data()));
  }
  return moved;
}

Position MovedPlaces::encode() const {
  Position position;
  append_big_endian(position.bytes, version_ + (has_changed_ ? 1 : 0));
  if (places_.size() <= kMostListed) {
    for (const uint16_t place : places_) append_big_endian(position.bytes, place);
    return position;
  }
  std::string bitmap(kBitmapBytes, '\0');
  for (const uint16_t place : places_) {
    char& byte = bitmap[place / kBitsPerByte];
    byte = static_cast<char>(static_cast<uint8_t>(byte) | 1U << place % kBitsPerByte);
  }
  position.bytes += bitmap;
  return position;
}

void MovedPlaces::add(uint16_t place) {
  has_changed_ = places_.insert(place).second || has_changed_;
}

}  // namespace velo::engine
