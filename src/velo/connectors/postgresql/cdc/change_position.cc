#include "velo/connectors/postgresql/cdc/change_position.h"

#include <fmt/format.h>

#include <charconv>

#include "velo/base/big_endian.h"

namespace velo::postgresql {
namespace {

constexpr int kHexadecimal = 16;
constexpr int kHalf = 32;

bool parse_half(std::string_view text, uint32_t* half) {
  const char* end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, *half, kHexadecimal);
  return error == std::errc() && read == end;
}

}  // namespace

Position encode_position(const ChangePosition& position) {
  Position encoded;
  append_big_endian(encoded.bytes, position.lsn);
  append_big_endian(encoded.bytes, position.row);
  return encoded;
}

Result<ChangePosition> decode_position(const SplitId& split, const Position& position) {
  if (position.bytes.size() == 2 * sizeof(uint64_t)) {
    return ChangePosition{
        .lsn = read_big_endian<uint64_t>(position.bytes.data()),
        .row = read_big_endian<uint64_t>(position.bytes.data() + sizeof(uint64_t))};
  }
  return make_error(ErrorKind::kCorruptData,
                    {.connector = "postgresql", .resource = split},
                    "a position among its changes has 16 bytes");
}

std::string describe_position(std::string_view, const Position& position) {
  const auto place = decode_position("", position);
  if (!place.ok()) return {};
  const std::string lsn = lsn_text(place->lsn);
  if (place->row == 0) return lsn;
  return fmt::format("{}, behind {} rows of that transaction", lsn, place->row);
}

std::string lsn_text(uint64_t lsn) {
  return fmt::format("{:X}/{:X}", lsn >> kHalf, lsn & 0xFFFFFFFF);
}

Result<uint64_t> parse_lsn(std::string_view text) {
  const size_t slash = text.find('/');
  uint32_t high = 0;
  uint32_t low = 0;
  if (slash != std::string_view::npos && parse_half(text.substr(0, slash), &high) &&
      parse_half(text.substr(slash + 1), &low)) {
    return uint64_t{high} << kHalf | low;
  }
  return make_error(ErrorKind::kCorruptData, {.connector = "postgresql"},
                    fmt::format("'{}' is no place in the write-ahead log", text));
}

}  // namespace velo::postgresql
