#pragma once

/// One file being written: rows in, bytes staged, published at the end.

#include <arrow/type.h>

#include <memory>
#include <string>

#include "velo/connectors/file/options.h"
#include "velo/formats/format.h"
#include "velo/storage/local_file.h"

namespace velo::file {

/// Threads: thread-compatible. Destruction without publish() leaves nothing behind.
class EncodedFile {
 public:
  /// Start `path`, in the format and compression that the options and its name say.
  static Result<std::unique_ptr<EncodedFile>> create(
      const std::string& path, const std::shared_ptr<arrow::Schema>& schema,
      const OptionValues& values);

  Status write(const arrow::RecordBatch& rows);

  /// Write the format's end. No rows can follow.
  Status finish();

  /// Give the finished file its name.
  Status publish() { return staged_->publish(); }

  void discard() noexcept { staged_->discard(); }

  int64_t bytes_written() const { return staged_->Tell().ValueOr(0); }

 private:
  EncodedFile() = default;

  // Adds the path to an error that the encoder made without it.
  Status locate(const Status& status) const;

  std::string path_;
  std::shared_ptr<storage::StagedFile> staged_;
  std::shared_ptr<arrow::io::OutputStream> output_;  // staged_, or a compressor before it
  std::unique_ptr<formats::Encoder> encoder_;
};

}  // namespace velo::file
