#pragma once

/// Snappy's framing format, which files have: Arrow knows the blocks inside only.
///
///   Stream := Identifier Chunk*           Identifier := 0xFF 06 00 00 "sNaPpY"
///   Chunk  := type:byte length:uint24le content
///   type   := 00 (checksum:uint32le, a compressed block) | 01 (checksum, bytes as they
///   are)
///           | 80..FE (to be skipped) | FF (Identifier again) | 02..7F (not to be read)
///
/// A chunk holds 65,536 bytes of content at most; its checksum is the CRC-32C of them,
/// masked. Source: https://github.com/google/snappy/blob/main/framing_format.txt

#include <arrow/util/compression.h>

#include <memory>
#include <string>
#include <string_view>

#include "velo/error.h"

namespace velo::storage {

/// What a stream begins with.
inline constexpr std::string_view kSnappyIdentifier("\xFF\x06\0\0sNaPpY", 10);

/// Compress some content as a stream of its own; streams follow one another as one.
Result<std::string> write_snappy_frames(std::string_view content);

/// Decompress a stream. IsFinished() between two chunks.
Result<std::shared_ptr<arrow::util::Decompressor>> make_snappy_decompressor();

}  // namespace velo::storage
