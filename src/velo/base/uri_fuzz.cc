#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "velo/base/utf8.h"
#include "velo/uri.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool has_text(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// What parses prints itself canonically, so that it parses to the same again, and a
// password that stands nowhere else is not in what is shown.
void check_uri(const velo::Uri& uri) {
  const std::string printed = velo::print_uri(uri);
  const velo::Result<velo::Uri> again = velo::parse_uri(printed);
  require(again.ok() && *again == uri && velo::print_uri(*again) == printed);
  if (!uri.password || uri.password->size() < 8) return;
  velo::Uri rest = uri;
  rest.password.reset();
  require(has_text(velo::print_uri(rest), *uri.password) ||
          !has_text(velo::redact_uri(uri), *uri.password));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const velo::Result<velo::Uri> uri = velo::parse_uri(text);
  if (uri.ok()) {
    check_uri(*uri);
  } else {
    const std::string message = uri.status().message();
    require(velo::find_invalid_utf8(message) == std::string::npos);
  }
  for (const std::string_view scheme : {"file", "kafka", "stdout", "generate"}) {
    const velo::Result<velo::Uri> in_sql = velo::parse_uri(scheme, text);
    if (in_sql.ok()) check_uri(*in_sql);
  }
  return 0;
}
