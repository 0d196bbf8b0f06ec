#pragma once

/// Arrow IPC, files and streams, by Arrow's own reader.
///
///   File   := "ARROW1" 00 00 Stream footer footer_bytes:int32le "ARROW1"
///   Stream := schema (dictionary | batch)* FF FF FF FF 00 00 00 00
///
/// A file that comes in order is read as the stream inside it; else by its footer.
/// Source:
/// https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc

#include <memory>
#include <string_view>

#include "velo/formats/format.h"

namespace velo::formats {

/// What a file begins with.
inline constexpr std::string_view kIpcMagic = "ARROW1";

/// Open a file or a stream, as its first bytes say. Values are checked as they are read:
/// nobody needs to trust who wrote them. A batch is held whole, whatever limit_memory()
/// says, and comes in pieces.
/// Errors: kCorruptData where it is cut off or broken; kNotImplemented for Feather's
/// first version.
Result<std::unique_ptr<Decoder>> make_ipc_decoder(Input input, DecodeOptions options);

}  // namespace velo::formats
