#pragma once

/// Decodes JSON records into batches.

#include <memory>

#include "velo/formats/format.h"
#include "velo/formats/json/record_cutter.h"

namespace velo::formats::json {

/// Sizes, for tests to make small.
struct DecoderLimits {
  CutterOptions cutter;
  int64_t sample_records =
      1000;  ///< look at as many for the schema, where there are so many
  int64_t sample_bytes = int64_t{32} << 20;  ///< … but stop after so many bytes
};

/// Start decoding `input`: objects one behind the other, or one array of objects; see
/// Format::make_decoder. A batch is the records of one block.
///
/// With a schema, fields that it does not name are stepped over. Without, it is inferred
/// from the first records (see ValueSketch), and a field that none of them has is an
/// error. A field that is not there is null. One that a record has twice is an error.
Result<std::unique_ptr<Decoder>> make_decoder(Input input, DecodeOptions options,
                                              const DecoderLimits& limits);

}  // namespace velo::formats::json
