#pragma once

/// Writes object container files (container_reader.h has their form).

#include <arrow/io/interfaces.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "velo/formats/avro/codec.h"

namespace velo::formats::avro {

/// What a file begins with. `metadata` goes into it beside the schema, which is JSON, and
/// the codec; `sync` are the 16 bytes that follow each block.
std::string container_head(std::string_view schema, std::string_view codec,
                           const std::map<std::string, std::string>& metadata,
                           std::string_view sync);

/// Threads: thread-compatible.
class ContainerWriter {
 public:
  /// Write the head. Errors: kSystem; kNotImplemented for a codec that is not known.
  static Result<ContainerWriter> open(std::shared_ptr<arrow::io::OutputStream> output,
                                      std::string_view schema, std::string_view codec);

  /// Write records that are encoded one behind the other. Errors: kSystem.
  Status write(int64_t num_records, std::string_view records);

 private:
  ContainerWriter() = default;

  std::shared_ptr<arrow::io::OutputStream> output_;
  std::unique_ptr<BlockCodec> codec_;
  std::string sync_;
  std::string compressed_;
};

}  // namespace velo::formats::avro
