#pragma once

/// Encodes messages as the decoder reads them, each behind its length.

#include <cstdint>
#include <memory>

#include "velo/formats/format.h"
#include "velo/formats/protobuf/descriptor.h"

namespace velo::formats::protobuf {

/// Start encoding; see Format::make_encoder. Errors: as MessageEncoder::make.
Result<std::unique_ptr<Encoder>> make_encoder(
    std::shared_ptr<arrow::io::OutputStream> output, const arrow::Schema& schema,
    const MessageType& type, int64_t max_record_bytes);

}  // namespace velo::formats::protobuf
