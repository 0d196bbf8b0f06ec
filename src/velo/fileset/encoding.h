#pragma once

/// What a file's name and the options say of its bytes.

#include <string>

#include "velo/error.h"
#include "velo/formats/format.h"
#include "velo/options.h"
#include "velo/storage/compression.h"

namespace velo::fileset {

/// The format and the compression of a file.
struct FileEncoding {
  const formats::Format* format;
  storage::Compression compression;  ///< of the whole file
  /// Whether anybody has said it: else it is UNCOMPRESSED, and the bytes may be
  /// otherwise.
  bool is_sure = false;
};

/// Decide both from the options `format` and `compression`, else from the path's
/// extensions ("orders.csv.gz"). In formats with codecs of their own `compression` names
/// one of those. Errors: kInvalidArgument, naming the path and what to add.
Result<FileEncoding> encoding_of(const std::string& path, const OptionValues& values);

/// Whether a file that nobody named, of a directory, is read: its format is known, and
/// its extension is not one of much that is no data (Format::is_asked_for).
bool is_read_unnamed(const std::string& path, const OptionValues& values);

/// What `compression=` says of a whole file; UNCOMPRESSED for auto. Errors:
/// kInvalidArgument, listing what there is.
Result<storage::Compression> compression_of(const OptionValues& values,
                                            const std::string& resource);

/// Make the stream of an input that of its content: decompressed, or checked not to be
/// compressed where nobody has said; text as UTF-8. `file` is gone where its bytes are
/// others. Errors: kInvalidArgument.
Status open_content(const FileEncoding& encoding, const OptionValues& values,
                    formats::Input& input);

/// The extension of the files that the options make: "csv.gz".
std::string extension_of(const OptionValues& values);

}  // namespace velo::fileset
