#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "velo/base/glob.h"

// A pattern, a line end, a path.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view pattern = text.substr(0, text.find('\n'));
  const std::string_view path = text.substr(std::min(pattern.size() + 1, text.size()));
  const std::string exact = velo::escape_glob(path);
  if (velo::has_glob(exact) || velo::literal_path(exact) != path) std::abort();
  const velo::Result<velo::Glob> exact_glob = velo::Glob::parse(exact);
  if (exact_glob.ok() && !exact_glob->matches(path)) std::abort();
  const velo::Result<velo::Glob> glob = velo::Glob::parse(pattern);
  if (!glob.ok()) return 0;
  if (glob->matches(path)) {
    const bool has_prefix = path.starts_with(velo::literal_prefix(pattern));
    const size_t slash = path.rfind('/');
    const bool may_be_below = slash == std::string_view::npos || slash == 0 ||
                              slash + 1 == path.size() ||
                              glob->may_match_below(path.substr(0, slash));
    if (!has_prefix || !may_be_below) std::abort();
  }
  if (!velo::has_glob(pattern) && !glob->matches(velo::literal_path(pattern)))
    std::abort();
  return 0;
}
