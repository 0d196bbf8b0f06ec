#include "velo/fileset/encoding.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace velo::fileset {
namespace {

arrow::Compression::type compression_of_extension(std::string_view extension) {
  if (extension == "gz" || extension == "gzip") return arrow::Compression::GZIP;
  if (extension == "zst" || extension == "zstd") return arrow::Compression::ZSTD;
  return arrow::Compression::UNCOMPRESSED;
}

// "orders.csv.gz" -> "orders.csv", "gz"
std::pair<std::string_view, std::string_view> split_extension(std::string_view path) {
  const size_t dot = path.rfind('.');
  const size_t slash = path.rfind('/');
  if (dot == std::string_view::npos || (slash != std::string_view::npos && dot < slash)) {
    return {path, {}};
  }
  return {path.substr(0, dot), path.substr(dot + 1)};
}

const formats::Format* format_of_extension(std::string_view extension) {
  for (const formats::Format* format : formats::all_formats()) {
    if (std::ranges::find(format->extensions, extension) != format->extensions.end()) {
      return format;
    }
  }
  return nullptr;
}

std::string format_names() {
  std::vector<std::string_view> names;
  for (const formats::Format* format : formats::all_formats()) {
    names.push_back(format->name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

Result<const formats::Format*> format_of(const std::string& path,
                                         std::string_view extension,
                                         const OptionValues& values) {
  if (const std::string name = values.text("format"); !name.empty()) {
    if (const formats::Format* format = formats::find_format(name)) return format;
    return make_error(ErrorKind::kInvalidArgument, {.resource = path},
                      fmt::format("format={} is not one of {}", name, format_names()));
  }
  if (const formats::Format* format = format_of_extension(extension)) return format;
  return make_error(ErrorKind::kInvalidArgument, {.resource = path},
                    fmt::format("its name does not tell its format; add ?format= and one "
                                "of {}",
                                format_names()));
}

}  // namespace

Result<FileEncoding> encoding_of(const std::string& path, const OptionValues& values) {
  auto [stem, extension] = split_extension(path);
  arrow::Compression::type compression = compression_of_extension(extension);
  if (compression != arrow::Compression::UNCOMPRESSED) {
    extension = split_extension(stem).second;
  }
  ARROW_ASSIGN_OR_RAISE(const formats::Format* format,
                        format_of(path, extension, values));
  ARROW_RETURN_NOT_OK(formats::check_envelope(format->name, values, path));
  ARROW_RETURN_NOT_OK(formats::check_schema_file(*format, values, path));
  if (format->compresses_inside) {
    return FileEncoding{format, arrow::Compression::UNCOMPRESSED};
  }
  const std::string asked = values.text("compression");
  if (asked == "none") {
    compression = arrow::Compression::UNCOMPRESSED;
  } else if (asked != "auto") {
    compression = compression_of_extension(asked);
    if (compression == arrow::Compression::UNCOMPRESSED) {
      return make_error(
          ErrorKind::kInvalidArgument, {.resource = path},
          fmt::format("compression={} is not one of auto, none, gzip, zstd", asked));
    }
  }
  return FileEncoding{format, compression};
}

bool is_read_unnamed(const std::string& path, const OptionValues& values) {
  const auto encoding = encoding_of(path, values);
  return encoding.ok() && (!encoding->format->is_asked_for || values.has("format"));
}

std::string extension_of(const OptionValues& values) {
  std::string extension = values.text("format");
  const formats::Format* format = formats::find_format(extension);
  if (format != nullptr && format->compresses_inside) return extension;
  const std::string compression = values.text("compression");
  if (compression == "gzip") extension += ".gz";
  if (compression == "zstd") extension += ".zst";
  return extension;
}

}  // namespace velo::fileset
