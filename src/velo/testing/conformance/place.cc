#include "velo/testing/conformance/place.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "velo/columnar/schema_text.h"

namespace velo::testing {

Result<Uri> uri_of_server(const char* variable) {
  const char* text = std::getenv(variable);
  if (text) return parse_uri(text);
  return make_error(ErrorKind::kNotFound, {.resource = variable},
                    "it is not set; run dev/test, or: eval \"$(dev/servers env "
                    "--export)\"");
}

Uri with_option(Uri uri, const std::string& name, const std::string& value) {
  std::erase_if(uri.options, [&](const auto& option) { return option.first == name; });
  uri.options.emplace_back(name, value);
  return uri;
}

std::string schema_option(const arrow::Schema& schema) {
  std::string text;
  for (const auto& field : schema.fields()) {
    text += fmt::format("{}\"{}\" {}", text.empty() ? "" : ", ", field->name(),
                        type_name(*field->type()));
  }
  return text;
}

}  // namespace velo::testing
