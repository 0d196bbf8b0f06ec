#include "velo/connectors/file/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "velo/base/glob.h"
#include "velo/columnar/schema_text.h"

namespace velo::file {
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
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return make_error(ErrorKind::kInvalidArgument, {.resource = path},
                      fmt::format("this is a directory; with a slash at its end, and a "
                                  "format, files are written into it: "
                                  "{}/?format=parquet",
                                  path));
  }
  return make_error(ErrorKind::kInvalidArgument, {.resource = path},
                    fmt::format("its name does not tell its format; add ?format= and one "
                                "of {}",
                                format_names()));
}

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

}  // namespace

std::vector<OptionDescriptor> FileOptions::descriptors() {
  std::vector<OptionDescriptor> options = {
      {.name = "format",
       .doc =
           "Format of the bytes: csv, json or parquet; by default the extension says."},
      {.name = "compression",
       .default_value = "auto",
       .doc =
           "CSV and JSON: none, gzip or zstd; auto goes by the extension. Parquet: the "
           "codec inside, snappy unless said."},
      {.name = "schema",
       .doc =
           "Columns and types, instead of inferring them: id int64, price decimal(12,2).",
       .use = OptionUse::kSource},
      {.name = "recursive",
       .type = OptionType::kBool,
       .default_value = "false",
       .doc = "A directory: read its subdirectories too.",
       .use = OptionUse::kSource},
      {.name = "partition_by",
       .type = OptionType::kList,
       .doc = "Columns that become directories, Hive-style: country=NL/.",
       .use = OptionUse::kSink},
      {.name = "mode",
       .type = OptionType::kChoice,
       .doc = "What to do with what is there: overwrite (one file's default), append (a "
              "directory's default), error.",
       .use = OptionUse::kSink,
       .choices = {"overwrite", "append", "error"}},
      {.name = "encoding",
       .default_value = "utf-8",
       .doc = "Character encoding of text formats."},
      {.name = "watch",
       .type = OptionType::kBool,
       .default_value = "false",
       .doc = "Go on reading as files appear and grow.",
       .use = OptionUse::kSource,
       .not_yet = true},
      {.name = "batch_size",
       .type = OptionType::kInt,
       .unit = "rows",
       .doc = "Most rows in one batch.",
       .use = OptionUse::kSource,
       .not_yet = true},
  };
  std::ranges::move(formats::all_format_options(), std::back_inserter(options));
  return options;
}

Result<FileOptions> FileOptions::from_uri(const Uri& uri, OptionUse use) {
  FileOptions options;
  const std::string shown = redact_uri(uri);
  if (uri.path.empty()) {
    return make_error(ErrorKind::kInvalidArgument,
                      {.connector = "file", .resource = shown}, "the path is missing");
  }
  ARROW_ASSIGN_OR_RAISE(options.values, OptionValues::parse(uri, descriptors(), use));
  options.pattern = uri.path;
  options.identity = absolute_address(uri);
  std::string encoding = options.values.text("encoding");
  std::ranges::transform(encoding, encoding.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  if (encoding != "utf-8" && encoding != "utf8") {
    return make_error(
        ErrorKind::kNotImplemented, {.resource = shown},
        fmt::format("encoding={} is not read yet; convert the file to UTF-8",
                    options.values.text("encoding")));
  }
  if (use == OptionUse::kSource) {
    options.recursive = options.values.boolean("recursive");
    if (options.values.has("schema")) {
      ARROW_ASSIGN_OR_RAISE(options.schema, parse_schema(options.values.text("schema")));
    }
    return options;
  }
  if (has_glob(uri.path)) {
    return make_error(
        ErrorKind::kInvalidArgument, {.resource = shown},
        "a pattern can be read, not written; end the path in / to write many "
        "files");
  }
  options.partition_by = options.values.list("partition_by");
  options.is_directory = uri.path.ends_with('/') || !options.partition_by.empty();
  const std::string mode = options.values.text("mode");
  options.mode = mode == "overwrite"    ? Mode::kOverwrite
                 : mode == "append"     ? Mode::kAppend
                 : mode == "error"      ? Mode::kError
                 : options.is_directory ? Mode::kAppend
                                        : Mode::kOverwrite;
  if (options.mode == Mode::kAppend && !options.is_directory) {
    return make_error(
        ErrorKind::kInvalidArgument, {.resource = shown},
        "mode=append needs a directory: a single file is replaced whole; end "
        "the path in /");
  }
  return options;
}

Result<FileEncoding> encoding_of(const std::string& path, const OptionValues& values) {
  auto [stem, extension] = split_extension(path);
  arrow::Compression::type compression = compression_of_extension(extension);
  if (compression != arrow::Compression::UNCOMPRESSED) {
    extension = split_extension(stem).second;
  }
  ARROW_ASSIGN_OR_RAISE(const formats::Format* format,
                        format_of(path, extension, values));
  if (format->name == "parquet") {
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

}  // namespace velo::file
