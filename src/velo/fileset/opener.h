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
  Result<FileEncoding> encoding_of(const std::string& path) const;

  /// The bytes of a file that was of this version, decompressed. Errors: those of the
  /// store; kCorruptData.
  Result<formats::Input> input_of(const std::string& path, const FileVersion& version,
                                  const std::stop_token& stop) const;

  /// Decode what comes of a file. Errors: those of the format.
  Result<std::unique_ptr<formats::Decoder>> decode(const std::string& path,
                                                   formats::Input input,
                                                   formats::DecodeOptions options) const;

  /// Both. Errors: as these.
  Result<std::unique_ptr<formats::Decoder>> open(const std::string& path,
                                                 const FileVersion& version,
                                                 const std::stop_token& stop,
                                                 formats::DecodeOptions options) const;

  ErrorContext context(const std::string& path) const {
    return {.connector = options_.connector, .resource = store_->shown(path)};
  }

 private:
  const FilesetOptions options_;
  const std::shared_ptr<FileStore> store_;
};

}  // namespace velo::fileset
