#pragma once

#include <string>
#include <vector>

#include "velo/error.h"
#include "velo/fileset/options.h"
#include "velo/options.h"
#include "velo/uri.h"

namespace velo::file {

/// What a file URI says, checked. Its identity has the absolute path.
struct FileOptions : fileset::FilesetOptions {
  bool recursive = false;  ///< source: look into subdirectories
  bool watch = false;      ///< source: go on as files appear and grow

  /// Errors: kInvalidArgument, kNotImplemented, naming the option.
  static Result<FileOptions> from_uri(const Uri& uri, OptionUse use);

  static std::vector<OptionDescriptor> descriptors();
};

}  // namespace velo::file
