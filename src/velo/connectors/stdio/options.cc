#include "velo/connectors/stdio/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "velo/columnar/schema_text.h"
#include "velo/storage/text_encoding.h"

namespace velo::stdio {
namespace {

// A table is kept in memory until its end.
constexpr int64_t kMostTableRows = 100'000;

Status fail(std::string_view connector, ErrorKind kind, std::string message) {
  return make_error(
      kind,
      {.connector = std::string(connector), .resource = fmt::format("{}:", connector)},
      std::move(message));
}

std::vector<std::string_view> format_names() {
  std::vector<std::string_view> names;
  for (const formats::Format* format : formats::all_formats())
    names.push_back(format->name);
  return names;
}

std::vector<std::string_view> compression_choices() {
  std::vector<std::string_view> choices = {"auto", "none"};
  std::ranges::copy(storage::compression_names(), std::back_inserter(choices));
  return choices;
}

}  // namespace

std::vector<OptionDescriptor> StdinOptions::descriptors() {
  std::vector<OptionDescriptor> options = {
      {.name = "format",
       .type = OptionType::kChoice,
       .doc = "Format of the bytes; unless said, the first of them tell which.",
       .choices = format_names()},
      {.name = "compression",
       .type = OptionType::kChoice,
       .default_value = "auto",
       .doc = "How the bytes are compressed as a whole; auto looks at the first of them.",
       .choices = compression_choices()},
      storage::max_ratio_option(),
      storage::encoding_option(),
      {.name = "schema",
       .doc = "Columns and types, instead of inferring them: id int64, price "
              "decimal(12,2). Protobuf: @FILE, a descriptor file."},
  };
  std::ranges::move(formats::all_format_options(), std::back_inserter(options));
  return options;
}

Result<StdinOptions> StdinOptions::from_uri(const Uri& uri) {
  StdinOptions options;
  ARROW_ASSIGN_OR_RAISE(options.values,
                        OptionValues::parse(uri, descriptors(), OptionUse::kSource));
  options.format = formats::find_format(options.values.text("format"));
  const std::string compression = options.values.text("compression");
  options.detect_compression = compression == "auto";
  if (!options.detect_compression) {
    options.compression = *storage::find_compression(compression);
  }
  ARROW_ASSIGN_OR_RAISE(options.max_ratio, storage::max_ratio_of(options.values));
  ARROW_RETURN_NOT_OK(
      storage::check_encoding(options.values.text("encoding"), uri.scheme + ":"));
  if (formats::names_schema_file(options.values)) {
    if (!options.format) {
      return fail("stdin", ErrorKind::kInvalidArgument,
                  "schema=@FILE: say the format, too: format=protobuf");
    }
    ARROW_RETURN_NOT_OK(
        formats::check_schema_file(*options.format, options.values, "stdin:"));
  } else if (options.values.has("schema")) {
    ARROW_ASSIGN_OR_RAISE(options.schema, parse_schema(options.values.text("schema")));
  }
  return options;
}

std::vector<OptionDescriptor> StdoutOptions::descriptors() {
  std::vector<std::string_view> choices = {"table"};
  std::ranges::copy(format_names(), std::back_inserter(choices));
  std::vector<OptionDescriptor> options = {
      {.name = "format",
       .type = OptionType::kChoice,
       .doc = "How rows are written; unless said, a table on a terminal, else csv.",
       .choices = choices},
      {.name = "rows",
       .type = OptionType::kInt,
       .unit = "rows",
       .default_value = "40",
       .doc = "A table: most rows shown; the rest are counted."},
      {.name = "compression",
       .default_value = "auto",
       .doc =
           "How the bytes are compressed: none, gzip, zstd, snappy, lz4, bzip2; auto is "
           "none. Parquet, Avro, ORC, Arrow IPC: the codec inside, one of their own; "
           "snappy, snappy, zstd, none unless said."},
      storage::compression_level_option(),
      storage::encoding_option(),
      {.name = "schema", .doc = "Protobuf: @FILE, a descriptor file."},
  };
  std::ranges::move(formats::all_format_options(), std::back_inserter(options));
  return options;
}

Result<StdoutOptions> StdoutOptions::from_uri(const Uri& uri, bool to_terminal) {
  StdoutOptions options;
  ARROW_ASSIGN_OR_RAISE(options.values,
                        OptionValues::parse(uri, descriptors(), OptionUse::kSink));
  std::string format = options.values.text("format");
  if (format.empty()) format = to_terminal ? "table" : "csv";
  options.format = formats::find_format(format);
  ARROW_RETURN_NOT_OK(formats::check_envelope(format, options.values, uri.scheme + ":"));
  options.max_rows = options.values.integer("rows").value_or(0);
  if (options.max_rows < 0 || options.max_rows > kMostTableRows) {
    return fail(
        uri.scheme, ErrorKind::kInvalidArgument,
        fmt::format("option 'rows': '{}' is not what it takes: 0 to {}; format=csv "
                    "writes all rows",
                    options.max_rows, kMostTableRows));
  }
  const std::string compression = options.values.text("compression");
  ARROW_RETURN_NOT_OK(
      storage::check_encoding(options.values.text("encoding"), uri.scheme + ":"));
  const std::string encoding = options.values.text("encoding");
  if (options.format && options.format->has_types && !storage::is_utf8(encoding)) {
    return fail(uri.scheme, ErrorKind::kInvalidArgument,
                fmt::format("encoding={} is of text, and this is {}", encoding,
                            options.format->name));
  }
  const bool is_binary = options.format != nullptr && options.format->compresses_inside;
  if (!is_binary && compression != "auto") {
    const auto found = storage::find_compression(compression);
    if (!found) {
      return fail(uri.scheme, ErrorKind::kInvalidArgument,
                  fmt::format("option 'compression': '{}' is not what it takes: one of "
                              "{}",
                              compression, fmt::join(compression_choices(), ", ")));
    }
    options.compression = *found;
  }
  if (!is_binary) {
    const Status level = storage::check_level(
        options.compression, options.values.integer("compression_level"));
    if (!level.ok()) return fail(uri.scheme, kind_of(level), level.message());
  }
  if (to_terminal &&
      (is_binary || options.compression != storage::Compression::UNCOMPRESSED)) {
    return fail(uri.scheme, ErrorKind::kInvalidArgument,
                fmt::format("{} is not for a terminal: redirect it into a file, or into "
                            "another program",
                            is_binary ? format : compression));
  }
  return options;
}

}  // namespace velo::stdio
