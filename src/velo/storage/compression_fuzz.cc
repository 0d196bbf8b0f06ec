// Decompresses any bytes as each compression. However many bytes are asked for at a time,
// the same content comes, or an error.

#include <arrow/buffer.h>
#include <arrow/io/memory.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "velo/base/utf8.h"
#include "velo/storage/compression.h"

namespace {

using namespace velo;  // NOLINT: short, and nobody includes this

// Of a bomb the rest is not looked at.
constexpr size_t kMostContentBytes = size_t{1} << 18;

struct Outcome {
  std::string content;
  bool is_whole = false;
  bool has_failed = false;
};

Outcome content_of(storage::Compression compression, const std::string& bytes,
                   int64_t piece_bytes) {
  auto stream =
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes));
  const auto input = storage::decompress(std::move(stream),
                                         {.compression = compression, .name = "fuzz.gz"});
  if (!input.ok()) std::abort();
  Outcome outcome;
  while (outcome.content.size() < kMostContentBytes) {
    const auto piece = (*input)->Read(piece_bytes);
    if (!piece.ok()) {
      const std::string message = piece.status().message();
      const ErrorKind kind = kind_of(piece.status());
      if (kind != ErrorKind::kCorruptData && kind != ErrorKind::kNotImplemented) {
        std::abort();
      }
      if (find_invalid_utf8(message) != std::string::npos) std::abort();
      outcome.has_failed = true;
      return outcome;
    }
    if ((*piece)->size() > piece_bytes) std::abort();
    outcome.is_whole = (*piece)->size() == 0;
    if (outcome.is_whole) break;
    outcome.content += (*piece)->ToString();
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  for (const std::string_view name : storage::compression_names()) {
    const auto compression = *storage::find_compression(name);
    const Outcome large = content_of(compression, bytes, 1 << 16);
    const Outcome small = content_of(compression, bytes, 7);
    const size_t common = std::min(large.content.size(), small.content.size());
    if (large.content.compare(0, common, small.content, 0, common) != 0) std::abort();
    if (large.is_whole != small.is_whole) std::abort();
    if (large.is_whole && large.content.size() != small.content.size()) std::abort();
    if (!storage::begins_as(compression, bytes) && !large.has_failed) std::abort();
  }
  return 0;
}
