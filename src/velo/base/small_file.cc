#include "velo/base/small_file.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "velo/base/system_error.h"

namespace velo {

Result<std::string> read_small_file(const std::string& path, size_t max_bytes) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                       &std::fclose);
  if (!file) return errno_error(errno, "read", path);
  std::string content;
  std::array<char, size_t{16} << 10> block;
  while (content.size() <= max_bytes) {
    const size_t num_bytes = std::fread(block.data(), 1, block.size(), file.get());
    if (std::ferror(file.get()) != 0) return errno_error(errno, "read", path);
    if (num_bytes == 0) break;
    content.append(block.data(), num_bytes);
  }
  if (content.size() <= max_bytes) return content;
  return make_error(ErrorKind::kInvalidArgument, {.resource = path},
                    fmt::format("has more than {} KiB", max_bytes >> 10));
}

}  // namespace velo
