#pragma once

/// Opening the files of one source.

#include <memory>
#include <stop_token>
#include <string>

#include "velo/fileset/encoding.h"
#include "velo/fileset/file_store.h"
#include "velo/fileset/options.h"
#include "velo/formats/format.h"

namespace velo::fileset {

/// Cheap to copy. Threads: safe.
class Opener {
 public:
  Opener(FilesetOptions options, std::shared_ptr<FileStore> store)
      : options_(std::move(options)), store_(std::move(store)) {}

  const FilesetOptions& options() const { return options_; }
  FileStore& store() const { return *store_; }

  /// Errors: kInvalidArgument where the name does not tell the format.
  Result<const formats::Format*> format_of(const std::string& path) const;

  /// Open a file that was of this version. Errors: those of the store and the format.
  Result<std::unique_ptr<formats::Decoder>> open(const std::string& path,
                                                 const FileVersion& version,
                                                 const std::stop_token& stop,
                                                 formats::DecodeOptions decode) const;

  ErrorContext context(const std::string& path) const {
    return {.connector = options_.connector, .resource = store_->shown(path)};
  }

 private:
  const FilesetOptions options_;
  const std::shared_ptr<FileStore> store_;
};

}  // namespace velo::fileset
