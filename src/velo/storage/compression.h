#pragma once

/// Whole files that are compressed: gzip, zstd, snappy in frames, lz4 frames, bzip2.

#include <arrow/io/interfaces.h>
#include <arrow/util/compression.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "velo/error.h"
#include "velo/options.h"

namespace velo::storage {

/// How a file is compressed: GZIP, ZSTD, SNAPPY (in frames), LZ4_FRAME, BZ2, or
/// UNCOMPRESSED.
using Compression = arrow::Compression::type;

/// What users call it: "gzip"; "none" for UNCOMPRESSED.
std::string_view name_of(Compression compression);

/// The names of all, without "none": "gzip, zstd, …".
std::vector<std::string_view> compression_names();

/// The compression of this name or file extension ("gzip", "gz", "none"); nullopt where
/// it is neither.
std::optional<Compression> find_compression(std::string_view name);

/// The first of its file extensions: "gz"; empty for UNCOMPRESSED.
std::string_view extension_of(Compression compression);

/// What the first bytes of a file say it is: UNCOMPRESSED where they begin no other. 10
/// bytes are enough.
Compression compression_of_bytes(std::string_view first_bytes);

/// Whether compressed data of this kind can begin so, also with a frame that is skipped.
bool begins_as(Compression compression, std::string_view first_bytes);

/// Whether these few bytes are a part of what such data begins with.
bool is_cut_off(Compression compression, std::string_view first_bytes);

/// What an expansion above which a file is refused is by default, and from how many bytes
/// of content on it is looked at: rows that are all alike are no attack.
inline constexpr int64_t kMaxRatio = 1000;
inline constexpr int64_t kUnlimitedContentBytes = int64_t{1} << 30;

struct DecompressOptions {
  Compression compression = Compression::UNCOMPRESSED;
  std::string name;               ///< of the file, for messages
  int64_t max_ratio = kMaxRatio;  ///< content to compressed bytes; 0: any
};

/// Read the content of a compressed stream; several members, frames or streams one after
/// the other are one content. Zeros after gzip are padding, as for gzip(1).
/// Errors, from Read: kCorruptData where it is not so compressed, ends too early, is
/// broken, is followed by something else, or expands too much; kNotImplemented for a
/// window of zstd above 128 MiB.
Result<std::shared_ptr<arrow::io::InputStream>> decompress(
    std::shared_ptr<arrow::io::InputStream> compressed, DecompressOptions options);

/// Read a stream that is said to be not compressed.
/// Errors, from the first Read: kInvalidArgument where it is, saying how.
std::shared_ptr<arrow::io::InputStream> check_uncompressed(
    std::shared_ptr<arrow::io::InputStream> bytes, std::string name);

/// Compress what is written, in blocks beside each other on threads of the process. Each
/// block becomes a member, frame or stream of its own.
class CompressedOutput : public arrow::io::OutputStream {
 public:
  /// Bytes of content that wait until their block is full.
  virtual int64_t held_bytes() const = 0;
  /// Compress and write those now.
  virtual Status write_held() = 0;
};

/// Close() writes the end and closes `output`. `level` is one of the compression's own;
/// nullopt for a common one. Errors: kInvalidArgument for a level that it does not have.
Result<std::shared_ptr<CompressedOutput>> compress(
    std::shared_ptr<arrow::io::OutputStream> output, Compression compression,
    std::optional<int64_t> level = std::nullopt);

/// Check that a compression has this level. Errors: kInvalidArgument, saying which it
/// has.
Status check_level(Compression compression, std::optional<int64_t> level);

/// `max_ratio=`, an option of all that read compressed bytes, and `compression_level=`
/// of all that write them.
OptionDescriptor max_ratio_option();
OptionDescriptor compression_level_option();

/// What `max_ratio=` says. Errors: kInvalidArgument.
Result<int64_t> max_ratio_of(const OptionValues& values);

}  // namespace velo::storage
