#pragma once

#include <arrow/type.h>

#include <memory>
#include <vector>

#include "velo/error.h"
#include "velo/formats/format.h"
#include "velo/options.h"
#include "velo/storage/compression.h"
#include "velo/uri.h"

namespace velo::stdio {

/// What a URI of `stdin:` says, checked.
struct StdinOptions {
  const formats::Format* format = nullptr;  ///< nullptr: the bytes tell
  storage::Compression compression = storage::Compression::UNCOMPRESSED;
  bool detect_compression = false;
  int64_t max_ratio = storage::kMaxRatio;  ///< see storage::DecompressOptions
  std::shared_ptr<arrow::Schema> schema;   ///< of `schema=`, else nullptr
  OptionValues values;                     ///< also those of the formats

  /// Errors: kInvalidArgument, kNotImplemented, naming the option.
  static Result<StdinOptions> from_uri(const Uri& uri);
  static std::vector<OptionDescriptor> descriptors();
};

/// What a URI of `stdout:` says, checked.
struct StdoutOptions {
  const formats::Format* format = nullptr;  ///< nullptr: a table for people
  storage::Compression compression = storage::Compression::UNCOMPRESSED;
  int64_t max_rows = 0;  ///< of a table
  OptionValues values;   ///< also those of the formats

  /// `to_terminal` says where the output goes: it decides the format that was not asked
  /// for, and no terminal is sent bytes that are not text. Errors: kInvalidArgument,
  /// kNotImplemented, naming the option.
  static Result<StdoutOptions> from_uri(const Uri& uri, bool to_terminal);
  static std::vector<OptionDescriptor> descriptors();
};

}  // namespace velo::stdio
