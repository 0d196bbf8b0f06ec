#include "velo/fileset/options.h"

#include <algorithm>
#include <utility>

#include "velo/base/glob.h"
#include "velo/columnar/change_columns.h"
#include "velo/columnar/schema_text.h"
#include "velo/formats/format.h"
#include "velo/storage/compression.h"
#include "velo/storage/text_encoding.h"

namespace velo::fileset {
namespace {

constexpr std::string_view kLimits[] = {"max_ratio", "max_record_bytes", "part_bytes"};

Status read_source_options(FilesetOptions& options) {
  options.part_bytes =
      static_cast<uint64_t>(options.values.integer("part_bytes").value_or(0));
  if (!options.values.has("schema") || formats::names_schema_file(options.values)) {
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(options.schema, parse_schema(options.values.text("schema")));
  if (formats::envelope_of(options.values) == formats::Envelope::kNone) {
    return Status::OK();
  }
  options.schema = arrow::schema(with_change_columns(options.schema->fields()));
  return Status::OK();
}

Status read_sink_options(const std::string& shown, FilesetOptions& options) {
  using Mode = FilesetOptions::Mode;
  if (options.values.has("schema") && !formats::names_schema_file(options.values)) {
    return make_error(ErrorKind::kInvalidArgument, {.resource = shown},
                      "schema= says the columns of a source; the columns of a sink are "
                      "those of the rows");
  }
  if (has_glob(options.pattern)) {
    return make_error(
        ErrorKind::kInvalidArgument, {.resource = shown},
        "a pattern can be read, not written; end the path in / to write many "
        "files");
  }
  options.partition_by = options.values.list("partition_by");
  options.is_directory = options.pattern.ends_with('/') || !options.partition_by.empty();
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
  return Status::OK();
}

}  // namespace

std::vector<OptionDescriptor> FilesetOptions::descriptors(
    std::vector<OptionDescriptor> own) {
  std::vector<OptionDescriptor> options = std::move(own);
  std::ranges::move(
      std::vector<OptionDescriptor>{
          {.name = "format",
           .doc =
               "Format of the bytes: csv, json, parquet, avro, orc, arrow (IPC files), "
               "arrows (IPC streams), protobuf or text; by default the extension says."},
          {.name = "compression",
           .default_value = "auto",
           .doc =
               "How files are compressed: none, gzip, zstd, snappy, lz4, bzip2; auto "
               "goes by the extension. Parquet, Avro, ORC, Arrow IPC: the codec inside, "
               "one of their own; snappy, snappy, zstd, none unless said."},
          storage::compression_level_option(),
          storage::max_ratio_option(),
          {.name = "schema",
           .doc = "Columns and types of a source, instead of inferring them: id int64, "
                  "price decimal(12,2). Protobuf: @FILE, a descriptor file."},
          {.name = "part_bytes",
           .type = OptionType::kBytes,
           .unit = "bytes",
           .default_value = "64MiB",
           .doc = "A larger file whose records can be found from anywhere (NDJSON, CSV) "
                  "is read in parts of this size, side by side with parallel; 0: never.",
           .use = OptionUse::kSource},
          {.name = "partition_by",
           .type = OptionType::kList,
           .doc = "Columns that become directories, Hive-style: country=NL/.",
           .use = OptionUse::kSink},
          {.name = "mode",
           .type = OptionType::kChoice,
           .doc = "What to do with what is there: overwrite (one file's default), "
                  "append (a directory's default), error.",
           .use = OptionUse::kSink,
           .choices = {"overwrite", "append", "error"}},
          storage::encoding_option(),
          {.name = "batch_size",
           .type = OptionType::kInt,
           .unit = "rows",
           .doc = "Most rows in one batch.",
           .use = OptionUse::kSource,
           .not_yet = true},
      },
      std::back_inserter(options));
  std::ranges::move(formats::all_format_options(), std::back_inserter(options));
  return options;
}

Uri FilesetOptions::without_limits(Uri uri) {
  std::erase_if(uri.options, [](const auto& option) {
    return std::ranges::find(kLimits, option.first) != std::end(kLimits);
  });
  return uri;
}

Result<FilesetOptions> FilesetOptions::from_uri(const Uri& uri, OptionValues values,
                                                OptionUse use) {
  FilesetOptions options;
  options.connector = uri.scheme;
  options.identity = redact_uri(without_limits(uri));
  options.pattern = uri.path;
  options.values = std::move(values);
  ARROW_RETURN_NOT_OK(
      storage::check_encoding(options.values.text("encoding"), options.identity));
  ARROW_RETURN_NOT_OK(use == OptionUse::kSource
                          ? read_source_options(options)
                          : read_sink_options(options.identity, options));
  return options;
}

}  // namespace velo::fileset
