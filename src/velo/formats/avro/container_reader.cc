#include "velo/formats/avro/container_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "velo/base/system_error.h"
#include "velo/formats/avro/binary.h"
#include "velo/formats/record_limit.h"

namespace velo::formats::avro {
namespace {

constexpr std::string_view kMagic("Obj\1", 4);
constexpr size_t kReadBytes = size_t{256} << 10;

Status corrupt(std::string message) {
  return make_error(ErrorKind::kCorruptData, {}, std::move(message));
}

}  // namespace

Result<std::unique_ptr<ContainerReader>> ContainerReader::open(Input input,
                                                               int64_t max_block_bytes) {
  std::unique_ptr<ContainerReader> reader(
      new ContainerReader(std::move(input), max_block_bytes));
  ARROW_RETURN_NOT_OK(reader->in_head(reader->read_head()));
  return reader;
}

Status ContainerReader::read_head() {
  ARROW_RETURN_NOT_OK(fill(static_cast<int64_t>(kMagic.size())));
  const std::string_view magic(buffer_.data(), std::min(end_, kMagic.size()));
  if (magic == std::string_view("Obj\0", 4)) {
    return make_error(ErrorKind::kNotImplemented, {},
                      "a file of Avro before 1.3, which had another form");
  }
  if (magic != kMagic) {
    return corrupt(
        "not an Avro file: an object container file begins with \"Obj\" and a byte of 1; "
        "format= "
        "says what it is, if it is something else");
  }
  ARROW_RETURN_NOT_OK(take(static_cast<int64_t>(kMagic.size())).status());
  Head head;
  ARROW_RETURN_NOT_OK(read_metadata(head));
  ARROW_ASSIGN_OR_RAISE(const std::string_view sync, take(kSyncBytes));
  std::ranges::copy(sync, sync_.begin());
  if (!head.schema) return corrupt("its head has no schema");
  ARROW_ASSIGN_OR_RAISE(schema_, parse_schema(*head.schema));
  return make_codec(head.codec).Value(&codec_);
}

Status ContainerReader::read_metadata(Head& head) {
  while (true) {
    ARROW_ASSIGN_OR_RAISE(int64_t count, read_long());
    if (count == 0) return Status::OK();
    if (count == std::numeric_limits<int64_t>::min())
      return corrupt("its head is broken");
    if (count < 0) {
      ARROW_RETURN_NOT_OK(read_long().status());  // the number of their bytes
      count = -count;
    }
    for (; count > 0; --count) {
      ARROW_ASSIGN_OR_RAISE(const int64_t key_size, read_long());
      ARROW_ASSIGN_OR_RAISE(const std::string_view key, take(key_size));
      const bool is_schema = key == "avro.schema";
      const bool is_codec = key == "avro.codec";
      ARROW_ASSIGN_OR_RAISE(const int64_t size, read_long());
      ARROW_ASSIGN_OR_RAISE(const std::string_view value, take(size));
      if (is_schema) head.schema = value;
      if (is_codec) head.codec = value;
    }
  }
}

Result<std::optional<Block>> ContainerReader::next() {
  ARROW_RETURN_NOT_OK(fill(1));
  if (begin_ == end_) return std::nullopt;
  block_offset_ = offset_;
  ++num_blocks_;
  Block block{.number = num_blocks_, .is_compressed = codec_ != nullptr};
  const auto read = [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(block.num_records, read_long());
    if (block.num_records < 0) return corrupt("it has a negative number of records");
    ARROW_ASSIGN_OR_RAISE(const int64_t size, read_long());
    block.offset = offset_;
    if (size > max_block_bytes_) {
      return corrupt(
          fmt::format("it has {} bytes, and more than {} are not read; "
                      "max_record_bytes= reads larger ones",
                      size, with_unit(max_block_bytes_)));
    }
    if (size < 0) return corrupt("it has a negative number of bytes");
    ARROW_ASSIGN_OR_RAISE(std::string_view bytes,
                          take(size + static_cast<int64_t>(kSyncBytes)));
    if (std::memcmp(bytes.data() + size, sync_.data(), kSyncBytes) != 0) {
      return corrupt(
          fmt::format("it is not followed by the file's marker, at byte {}: the "
                      "block is damaged, or its length is",
                      block.offset + size));
    }
    bytes.remove_suffix(kSyncBytes);
    return decompress(bytes, block);
  };
  ARROW_RETURN_NOT_OK(in_block(read()));
  return block;
}

Status ContainerReader::decompress(std::string_view bytes, Block& block) {
  if (!codec_) {
    // The marker behind it is as long as the padding.
    static_assert(static_cast<int64_t>(kSyncBytes) >= kPaddingBytes);
    block.begin = reinterpret_cast<const uint8_t*>(bytes.data());
    block.end = block.begin + bytes.size();
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t size,
                        codec_->decompress(bytes, max_block_bytes_, decompressed_));
  block.begin = decompressed_.data();
  block.end = block.begin + size;
  return Status::OK();
}

Result<int64_t> ContainerReader::read_long() {
  ARROW_RETURN_NOT_OK(fill(kMostLongBytes));
  // Zeros behind the end are there to be read; the buffer is as large.
  const auto* begin = reinterpret_cast<const uint8_t*>(buffer_.data() + begin_);
  std::memset(buffer_.data() + end_, 0, kMostLongBytes);
  int64_t value = 0;
  const uint8_t* next = avro::read_long(begin, &value);
  if (next == nullptr) return corrupt("a number has more than 64 bits");
  ARROW_RETURN_NOT_OK(take(next - begin).status());
  return value;
}

Result<std::string_view> ContainerReader::take(int64_t num_bytes) {
  if (num_bytes < 0) return corrupt("a negative number of bytes");
  if (num_bytes > max_block_bytes_ + static_cast<int64_t>(kSyncBytes)) {
    return corrupt(fmt::format("{} bytes are said to follow, more than {}", num_bytes,
                               with_unit(max_block_bytes_)));
  }
  ARROW_RETURN_NOT_OK(fill(num_bytes));
  if (static_cast<int64_t>(end_ - begin_) < num_bytes) {
    return corrupt(
        "the file ends within it; was it cut off while it was copied or written?");
  }
  const std::string_view taken(buffer_.data() + begin_, static_cast<size_t>(num_bytes));
  begin_ += static_cast<size_t>(num_bytes);
  offset_ += num_bytes;
  return taken;
}

// Has so many bytes in the buffer, or all that there are.
Status ContainerReader::fill(int64_t num_bytes) {
  const auto wanted = static_cast<size_t>(num_bytes);
  if (end_ - begin_ >= wanted) return Status::OK();
  if (begin_ > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  while (end_ < wanted) {
    // What is said to follow may not: memory grows with what is there.
    const size_t room = std::max(kReadBytes, std::min(wanted - end_, end_));
    const size_t needed = end_ + room + static_cast<size_t>(kPaddingBytes);
    if (buffer_.size() < needed) buffer_.resize(needed);
    auto num_read =
        input_.stream->Read(static_cast<int64_t>(room), buffer_.data() + end_);
    if (!num_read.ok()) {
      return with_system_kind(num_read.status(),
                              fmt::format("read beyond byte {}", offset_ + int64_t(end_)),
                              input_.name);
    }
    if (*num_read == 0) return Status::OK();
    end_ += static_cast<size_t>(*num_read);
  }
  return Status::OK();
}

Status ContainerReader::in_block(const Status& status) const {
  const ErrorContext* context = context_of(status);
  if (status.ok() || (context && !context->resource.empty())) return status;
  return make_error(
      kind_of(status),
      {.resource = input_.name,
       .position = fmt::format("block {}, byte {}", num_blocks_, block_offset_)},
      status.message());
}

Status ContainerReader::in_head(const Status& status) const {
  const ErrorContext* context = context_of(status);
  if (status.ok() || (context && !context->resource.empty())) return status;
  return make_error(kind_of(status), {.resource = input_.name, .position = "head"},
                    status.message());
}

}  // namespace velo::formats::avro
