#pragma once

#include <arrow/type.h>
#include <arrow/util/compression.h>

#include <memory>
#include <string>
#include <vector>

#include "velo/error.h"
#include "velo/formats/format.h"
#include "velo/options.h"
#include "velo/uri.h"

namespace velo::file {

/// What a file URI says, checked.
struct FileOptions {
  enum class Mode : int8_t { kOverwrite, kAppend, kError };

  std::string identity;                   ///< the URI, its path absolute, no secrets
  std::string pattern;                    ///< the path, globs and escapes as in Uri::path
  OptionValues values;                    ///< also those of the formats
  std::shared_ptr<arrow::Schema> schema;  ///< of `schema=`, else nullptr
  std::vector<std::string> partition_by;  ///< sink: Hive-style directories
  bool recursive = false;                 ///< source: look into subdirectories
  bool is_directory = false;              ///< sink: many files below `pattern`
  Mode mode = Mode::kOverwrite;           ///< sink

  /// Errors: kInvalidArgument, kNotImplemented, naming the option.
  static Result<FileOptions> from_uri(const Uri& uri, OptionUse use);

  static std::vector<OptionDescriptor> descriptors();
};

/// The format and the compression of a file.
struct FileEncoding {
  const formats::Format* format;
  arrow::Compression::type compression;
};

/// Decide both from the options `format` and `compression`, else from the path's
/// extensions
/// ("orders.csv.gz"). Parquet compresses inside: its `compression` is a codec of its own.
/// Errors: kInvalidArgument, naming the path and what to add.
Result<FileEncoding> encoding_of(const std::string& path, const OptionValues& values);

}  // namespace velo::file
