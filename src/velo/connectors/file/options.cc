#include "velo/connectors/file/options.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "velo/base/glob.h"

namespace velo::file {
namespace {

// The same from whatever directory it is asked.
std::string absolute_address(Uri uri) {
  if (!uri.path.starts_with('/')) {
    std::error_code error;
    const auto here = std::filesystem::current_path(error).string();
    uri.path = escape_glob(here) + "/" + uri.path;
  }
  uri.path = std::filesystem::path(uri.path).lexically_normal().string();
  return redact_uri(uri);
}

// A directory has one record, whichever links lead to it.
Uri without_links(Uri uri) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path written = fs::absolute(literal_path(uri.path), error).lexically_normal();
  if (error) return uri;
  const fs::path real = fs::weakly_canonical(written, error);
  if (error || real == written) return uri;
  uri.path = escape_glob(real.string());
  if (written.string().ends_with('/') && !uri.path.ends_with('/')) uri.path += '/';
  return uri;
}

}  // namespace

std::vector<OptionDescriptor> FileOptions::descriptors() {
  return FilesetOptions::descriptors({
      {.name = "recursive",
       .type = OptionType::kBool,
       .default_value = "false",
       .doc = "A directory: read its subdirectories too.",
       .use = OptionUse::kSource},
      {.name = "watch",
       .type = OptionType::kBool,
       .default_value = "false",
       .doc = "Go on reading as files appear and grow: JSON lines, as yet.",
       .use = OptionUse::kSource},
  });
}

Result<FileOptions> FileOptions::from_uri(const Uri& uri, OptionUse use) {
  if (uri.path.empty()) {
    return make_error(ErrorKind::kInvalidArgument,
                      {.connector = "file", .resource = redact_uri(uri)},
                      "the path is missing");
  }
  ARROW_ASSIGN_OR_RAISE(auto values, OptionValues::parse(uri, descriptors(), use));
  FileOptions options;
  ARROW_ASSIGN_OR_RAISE(static_cast<FilesetOptions&>(options),
                        FilesetOptions::from_uri(uri, std::move(values), use));
  const Uri place = use == OptionUse::kSink ? without_links(uri) : uri;
  options.identity = absolute_address(without_limits(place));
  if (use == OptionUse::kSource) {
    options.recursive = options.values.boolean("recursive");
    options.watch = options.values.boolean("watch");
    return options;
  }
  std::error_code ignored;
  if (!options.is_directory &&
      std::filesystem::is_directory(literal_path(options.pattern), ignored)) {
    return make_error(
        ErrorKind::kInvalidArgument, {.connector = "file", .resource = redact_uri(uri)},
        fmt::format("this is a directory; with a slash at its end, and a format, files "
                    "are written into it: {}/?format=parquet",
                    uri.path));
  }
  return options;
}

}  // namespace velo::file
