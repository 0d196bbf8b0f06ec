#pragma once

/// What a file's name and the options say of its bytes.

#include <arrow/util/compression.h>

#include <string>

#include "velo/error.h"
#include "velo/formats/format.h"
#include "velo/options.h"

namespace velo::fileset {

/// The format and the compression of a file.
struct FileEncoding {
  const formats::Format* format;
  arrow::Compression::type compression;
};

/// Decide both from the options `format` and `compression`, else from the path's
/// extensions ("orders.csv.gz"). Parquet and Avro compress inside: `compression` is a
/// codec of their own. Errors: kInvalidArgument, naming the path and what to add.
Result<FileEncoding> encoding_of(const std::string& path, const OptionValues& values);

/// Whether a file that nobody named, of a directory, is read: its format is known, and
/// its extension is not one of much that is no data (Format::is_asked_for).
bool is_read_unnamed(const std::string& path, const OptionValues& values);

/// The extension of the files that the options make: "csv.gz".
std::string extension_of(const OptionValues& values);

}  // namespace velo::fileset
