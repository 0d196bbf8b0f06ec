#include "velo/fileset/file_position.h"

#include <fmt/format.h>

#include "velo/base/big_endian.h"
#include "velo/base/percent_encoding.h"
#include "velo/base/utf8.h"

namespace velo::fileset {
namespace {

constexpr size_t kNumberBytes = 8;
constexpr int kRecordBits = 48;

}  // namespace

SplitId split_of_path(const std::string& path) {
  const bool is_utf8 = find_invalid_utf8(path) == std::string_view::npos;
  SplitId split;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool stays =
        byte >= 0x20 && byte != 0x7F && c != '%' && (is_utf8 || byte < 0x80);
    split += stays ? std::string(1, c) : escape_of(c);
  }
  return split;
}

std::string path_of_split(const SplitId& split) {
  std::string path;
  for (size_t at = 0; at < split.size(); ++at) {
    const auto escaped = decode_escape(std::string_view(split).substr(at));
    path += escaped.value_or(split[at]);
    if (escaped) at += 2;
  }
  return path;
}

Position FilePosition::encode() const {
  Position position;
  append_big_endian(position.bytes, uint64_t{num_rereads} << kRecordBits | next_record);
  append_big_endian(position.bytes, version.num_bytes);
  position.bytes += version.mark;
  return position;
}

Result<FilePosition> FilePosition::decode(const Position& position) {
  if (position.bytes.size() < 2 * kNumberBytes) {
    return make_error(ErrorKind::kCorruptData, {},
                      fmt::format("a position in a file has 16 bytes at least, this one "
                                  "has {}",
                                  position.bytes.size()));
  }
  const char* bytes = position.bytes.data();
  const auto place = read_big_endian<uint64_t>(bytes);
  return FilePosition{
      .next_record = place & ((uint64_t{1} << kRecordBits) - 1),
      .version = {.num_bytes = read_big_endian<uint64_t>(bytes + kNumberBytes),
                  .mark = position.bytes.substr(2 * kNumberBytes)},
      .num_rereads = static_cast<uint16_t>(place >> kRecordBits)};
}

std::string describe_position(std::string_view, const Position& position) {
  const auto place = FilePosition::decode(position);
  if (!place.ok()) return {};
  return fmt::format(
      "record {} of a file of {} bytes{}", place->next_record, place->version.num_bytes,
      place->num_rereads == 0 ? std::string()
                              : fmt::format(", begun anew {} times", place->num_rereads));
}

}  // namespace velo::fileset
