#pragma once

/// One file being written: rows in, bytes out.

#include <arrow/io/interfaces.h>
#include <arrow/type.h>

#include <memory>
#include <string>

#include "velo/formats/format.h"
#include "velo/options.h"
#include "velo/storage/compression.h"

namespace velo::fileset {

/// Threads: thread-compatible.
class EncodedFile {
 public:
  /// Start the file that will be `path`, in the format and compression that the options
  /// and its name say; the bytes go into `output`, which the caller closes. `connector`
  /// is for messages.
  static Result<std::unique_ptr<EncodedFile>> create(
      const std::string& path, const std::string& connector,
      std::shared_ptr<arrow::io::OutputStream> output,
      const std::shared_ptr<arrow::Schema>& schema, const OptionValues& values);

  Status write(const arrow::RecordBatch& rows);

  /// See formats::Encoder; and what waits to be compressed.
  int64_t held_bytes() const;
  Status write_held();

  /// Write the format's end. No rows can follow.
  Status finish();

  /// Bytes that have come out so far.
  int64_t bytes_written() const { return bytes_->Tell().ValueOr(0); }

 private:
  EncodedFile() = default;

  // Adds the path to an error that the encoder made without it.
  Status locate(const Status& status) const;

  ErrorContext context_;
  std::shared_ptr<arrow::io::OutputStream> bytes_;
  std::shared_ptr<storage::CompressedOutput> compressed_;  // before bytes_, or nullptr
  std::shared_ptr<arrow::io::OutputStream> output_;        // of the encoder, before those
  std::unique_ptr<formats::Encoder> encoder_;
};

}  // namespace velo::fileset
