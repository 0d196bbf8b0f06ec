#pragma once

/// Arrow to Avro object container files.

#include <memory>
#include <string>

#include "velo/formats/format.h"
#include "velo/formats/record_limit.h"

namespace velo::formats::avro {

struct WriteOptions {
  std::string codec = "snappy";  ///< as the file's metadata says it
  int64_t max_record_bytes = kMaxRecordBytes;
};

/// Start encoding: writes the file's head. Rows are held encoded until their block is
/// full. Errors: kSchemaMismatch for a type or a name that Avro cannot hold, naming the
/// column.
Result<std::unique_ptr<Encoder>> make_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const WriteOptions& options = {});

}  // namespace velo::formats::avro
