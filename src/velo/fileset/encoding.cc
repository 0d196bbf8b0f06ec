#include "velo/fileset/encoding.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>
#include <vector>

#include "velo/storage/text_encoding.h"

namespace velo::fileset {
namespace {

storage::Compression compression_of_extension(std::string_view extension) {
  if (extension == "none") return storage::Compression::UNCOMPRESSED;
  return storage::find_compression(extension).value_or(
      storage::Compression::UNCOMPRESSED);
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

Result<const formats::Format*> format_of(const std::string& path,
                                         std::string_view extension,
                                         const OptionValues& values) {
  if (const std::string name = values.text("format"); !name.empty()) {
    if (const formats::Format* format = formats::find_format(name)) return format;
    return make_error(
        ErrorKind::kInvalidArgument, {.resource = path},
        fmt::format("format={} is not one of {}", name, formats::format_names()));
  }
  if (const formats::Format* format = formats::find_format_of_files(extension)) {
    return format;
  }
  return make_error(ErrorKind::kInvalidArgument, {.resource = path},
                    fmt::format("its name does not tell its format; add ?format= and one "
                                "of {}",
                                formats::format_names()));
}

Status check_level(storage::Compression compression, const OptionValues& values,
                   const std::string& path) {
  const Status status =
      storage::check_level(compression, values.integer("compression_level"));
  if (status.ok()) return status;
  return make_error(kind_of(status), {.resource = path}, status.message());
}

Status decompress(const FileEncoding& encoding, const OptionValues& values,
                  formats::Input& input) {
  if (encoding.compression == storage::Compression::UNCOMPRESSED) {
    if (encoding.is_sure || encoding.format->needs_random_access) return Status::OK();
    input.stream = storage::check_uncompressed(std::move(input.stream), input.name);
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t max_ratio, storage::max_ratio_of(values));
  ARROW_ASSIGN_OR_RAISE(
      input.stream,
      storage::decompress(std::move(input.stream), {.compression = encoding.compression,
                                                    .name = input.name,
                                                    .max_ratio = max_ratio}));
  input.file = nullptr;
  return Status::OK();
}

}  // namespace

Result<FileEncoding> encoding_of(const std::string& path, const OptionValues& values) {
  auto [stem, extension] = split_extension(path);
  const storage::Compression told = compression_of_extension(extension);
  if (told != storage::Compression::UNCOMPRESSED) {
    extension = split_extension(stem).second;
  }
  ARROW_ASSIGN_OR_RAISE(const formats::Format* format,
                        format_of(path, extension, values));
  ARROW_RETURN_NOT_OK(formats::check_envelope(format->name, values, path));
  ARROW_RETURN_NOT_OK(formats::check_schema_file(*format, values, path));
  if (format->has_types && !storage::is_utf8(values.text("encoding"))) {
    return make_error(ErrorKind::kInvalidArgument, {.resource = path},
                      fmt::format("encoding={} is of text, and this is {}",
                                  values.text("encoding"), format->name));
  }
  const std::string asked = values.text("compression");
  const bool is_told = asked == "auto";
  if (format->compresses_inside) {
    if (told != storage::Compression::UNCOMPRESSED && is_told) {
      return make_error(ErrorKind::kInvalidArgument, {.resource = path},
                        fmt::format("{} is compressed inside, and not once more as a "
                                    "whole; decompress it first, or leave the .{} out",
                                    format->name, storage::extension_of(told)));
    }
    return FileEncoding{format, storage::Compression::UNCOMPRESSED, /*is_sure=*/true};
  }
  if (is_told) {
    ARROW_RETURN_NOT_OK(check_level(told, values, path));
    return FileEncoding{format, told, told != storage::Compression::UNCOMPRESSED};
  }
  ARROW_ASSIGN_OR_RAISE(const auto compression, compression_of(values, path));
  ARROW_RETURN_NOT_OK(check_level(compression, values, path));
  return FileEncoding{format, compression, /*is_sure=*/true};
}

Result<storage::Compression> compression_of(const OptionValues& values,
                                            const std::string& resource) {
  const std::string asked = values.text("compression");
  if (asked == "auto") return storage::Compression::UNCOMPRESSED;
  if (const auto found = storage::find_compression(asked)) return *found;
  return make_error(ErrorKind::kInvalidArgument, {.resource = resource},
                    fmt::format("compression={} is not one of auto, none, {}", asked,
                                fmt::join(storage::compression_names(), ", ")));
}

Status open_content(const FileEncoding& encoding, const OptionValues& values,
                    formats::Input& input) {
  ARROW_RETURN_NOT_OK(decompress(encoding, values, input));
  if (encoding.format->has_types) return Status::OK();
  const std::string name = values.text("encoding");
  if (!storage::is_utf8(name)) input.file = nullptr;
  input.stream = storage::decode_text(std::move(input.stream), name, input.name);
  return Status::OK();
}

bool is_read_unnamed(const std::string& path, const OptionValues& values) {
  const auto encoding = encoding_of(path, values);
  return encoding.ok() && (!encoding->format->is_asked_for || values.has("format"));
}

std::string extension_of(const OptionValues& values) {
  std::string extension = values.text("format");
  const formats::Format* format = formats::find_format(extension);
  if (format && format->compresses_inside) return extension;
  const auto compression = compression_of_extension(values.text("compression"));
  if (compression == storage::Compression::UNCOMPRESSED) return extension;
  return fmt::format("{}.{}", extension, storage::extension_of(compression));
}

}  // namespace velo::fileset
