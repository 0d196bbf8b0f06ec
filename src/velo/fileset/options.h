#pragma once

#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "velo/error.h"
#include "velo/options.h"
#include "velo/uri.h"

namespace velo::fileset {

/// What a URI says of files, wherever they are kept, checked.
struct FilesetOptions {
  enum class Mode : int8_t { kOverwrite, kAppend, kError };

  std::string connector;  ///< for messages: the URI's scheme
  std::string identity;   ///< the URI, without secrets and what changes no row
  std::string pattern;    ///< the path, globs and escapes as in Uri::path
  OptionValues values;    ///< also those of the formats
  std::shared_ptr<arrow::Schema> schema;      ///< of `schema=`, else nullptr
  uint64_t part_bytes = 0;                    ///< source: see DividedFiles; 0 for none
  std::vector<std::string> partition_by;      ///< sink: Hive-style directories
  bool is_directory = false;                  ///< sink: many files below `pattern`
  Mode mode = Mode::kOverwrite;               ///< sink
  int64_t writer_bytes = int64_t{128} << 20;  ///< sink: see DataSink::limit_memory

  /// `values` are those of the URI. The identity is the URI as it stands.
  /// Errors: kInvalidArgument, kNotImplemented, naming the option.
  static Result<FilesetOptions> from_uri(const Uri& uri, OptionValues values,
                                         OptionUse use);

  /// The URI without what may be another in each run of a pipeline.
  static Uri without_limits(Uri uri);

  /// Those of all stores and all formats; `own` are the connector's, which come first.
  static std::vector<OptionDescriptor> descriptors(std::vector<OptionDescriptor> own);
};

}  // namespace velo::fileset
