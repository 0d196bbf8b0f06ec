#pragma once

/// Avro's object container files, as bytes:
///
///     file  := "Obj" 0x01 metadata:map<bytes> sync:16 bytes block*
///     block := records:long bytes:long (that many bytes, by the codec) sync
///
/// Source: Avro specification 1.12, "Object Container Files".

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "velo/formats/avro/codec.h"
#include "velo/formats/avro/schema.h"
#include "velo/formats/format.h"

namespace velo::formats::avro {

/// One block, decompressed. Valid until the next is read.
struct Block {
  int64_t number = 0;       ///< from 1
  int64_t num_records = 0;  ///< as it says
  int64_t offset = 0;       ///< in the file, of its first byte behind what it says
  bool is_compressed = false;
  /// Its bytes, behind which kPaddingBytes more can be read.
  const uint8_t* begin = nullptr;
  const uint8_t* end = nullptr;
};

/// Reads the blocks of one file. Threads: thread-compatible.
class ContainerReader {
 public:
  /// Read the head. A block may have `max_block_bytes`, also when it is decompressed.
  /// Errors: kCorruptData, kNotImplemented, kSystem, naming the file.
  static Result<std::unique_ptr<ContainerReader>> open(Input input,
                                                       int64_t max_block_bytes);

  const std::string& name() const { return input_.name; }
  /// By which the records were written.
  const SchemaPtr& schema() const { return schema_; }

  /// The next block; nullopt at the end. After an error the reader is finished.
  /// Errors: kCorruptData naming the file, the block and where it begins; kSystem.
  Result<std::optional<Block>> next();

 private:
  static constexpr size_t kSyncBytes = 16;

  // What of the metadata says how to read the file; of the rest, which may be more than
  // memory holds, nothing is kept.
  struct Head {
    std::optional<std::string> schema;
    std::string codec;
  };

  ContainerReader(Input input, int64_t max_block_bytes)
      : input_(std::move(input)), max_block_bytes_(max_block_bytes) {}

  Status read_head();
  Status read_metadata(Head& head);
  Result<int64_t> read_long();
  Result<std::string_view> take(int64_t num_bytes);
  Status fill(int64_t num_bytes);
  Status decompress(std::string_view bytes, Block& block);
  Status in_block(const Status& status) const;
  Status in_head(const Status& status) const;

  Input input_;
  const int64_t max_block_bytes_;
  SchemaPtr schema_;
  std::unique_ptr<BlockCodec> codec_;
  std::array<char, kSyncBytes> sync_{};
  std::vector<char> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  int64_t offset_ = 0;  // in the file, of begin_
  int64_t block_offset_ = 0;
  int64_t num_blocks_ = 0;
  std::vector<uint8_t> decompressed_;
};

}  // namespace velo::formats::avro
