#pragma once

/// Decodes messages, each behind its length as a varint, as Java's writeDelimitedTo() and
/// Python's serialize_length_prefixed() write them.

#include <cstdint>
#include <memory>

#include "velo/formats/format.h"
#include "velo/formats/protobuf/descriptor.h"

namespace velo::formats::protobuf {

/// Sizes, for tests to make small.
struct DecoderLimits {
  int64_t block_bytes = int64_t{1} << 20;  ///< read at once; a batch is one block's rows
  int64_t max_record_bytes = int64_t{64} << 20;
};

/// Start decoding; see Format::make_decoder. The columns are those of schema_of().
Result<std::unique_ptr<Decoder>> make_decoder(Input input, const MessageType& type,
                                              const DecodeOptions& options,
                                              const DecoderLimits& limits);

}  // namespace velo::formats::protobuf
