#pragma once

/// The codecs of an object container file's blocks. Source: Avro specification 1.12,
/// "Required Codecs", "Optional Codecs".

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "velo/error.h"

namespace velo::formats::avro {

/// Compresses and decompresses blocks. Threads: thread-compatible.
class BlockCodec {
 public:
  virtual ~BlockCodec() = default;

  /// Decompress into `out`, behind which there is room for kPaddingBytes more; how many
  /// bytes these are. Errors: kCorruptData, also where they are more than `most_bytes`.
  virtual Result<int64_t> decompress(std::string_view block, int64_t most_bytes,
                                     std::vector<uint8_t>& out) = 0;

  /// Append the compressed block. Errors: kSystem.
  virtual Status compress(std::string_view block, std::string& out) = 0;
};

/// The codec by its name in a file's metadata: "null" (nullptr, for bytes as they are),
/// "deflate", "snappy", "zstandard", "bzip2".
/// Errors: kNotImplemented naming one that is not known.
Result<std::unique_ptr<BlockCodec>> make_codec(std::string_view name);

/// The name in a file's metadata of what `compression=` says; nullptr for none of ours.
const char* codec_of_compression(std::string_view compression);

}  // namespace velo::formats::avro
