#include "velo/connectors/file/file_position.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "velo/base/big_endian.h"
#include "velo/base/percent_encoding.h"
#include "velo/base/system_error.h"
#include "velo/base/utf8.h"

namespace velo::file {
namespace {

constexpr size_t kNumberBytes = 8;
constexpr uint64_t kNanosPerSecond = 1'000'000'000;

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

Result<FileVersion> FileVersion::of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return errno_error(errno, "read it", path);
  return FileVersion{
      .num_bytes = static_cast<uint64_t>(info.st_size),
      .modified = static_cast<uint64_t>(info.st_mtim.tv_sec) * kNanosPerSecond +
                  static_cast<uint64_t>(info.st_mtim.tv_nsec)};
}

Position FilePosition::encode() const {
  Position position;
  for (const uint64_t number : {next_row, version.num_bytes, version.modified}) {
    append_big_endian(position.bytes, number);
  }
  return position;
}

Result<FilePosition> FilePosition::decode(const Position& position) {
  if (position.bytes.size() != 3 * kNumberBytes) {
    return make_error(ErrorKind::kCorruptData, {.connector = "file"},
                      fmt::format("a position in a file has 24 bytes, this one has {}",
                                  position.bytes.size()));
  }
  const auto number_at = [&](size_t index) {
    return read_big_endian<uint64_t>(position.bytes.data() + index * kNumberBytes);
  };
  return FilePosition{.next_row = number_at(0),
                      .version = {.num_bytes = number_at(1), .modified = number_at(2)}};
}

}  // namespace velo::file
