#include "velo/formats/block_reader.h"

#include <fmt/format.h>

#include "velo/base/line_count.h"
#include "velo/base/system_error.h"
#include "velo/formats/record_limit.h"

namespace velo::formats {

Status BlockReader::fill() {
  if (at_end_) return Status::OK();
  if (is_full()) {
    return make_error(ErrorKind::kCorruptData,
                      {.resource = input_.name,
                       .position = fmt::format("line {}, byte {}", line(), offset_)},
                      too_large(max_record_bytes_) + "; or is a quote missing?");
  }
  buffer_.erase(0, begin_);
  begin_ = 0;
  const size_t held = buffer_.size();
  buffer_.resize(held + static_cast<size_t>(block_bytes_));
  auto num_read = input_.stream->Read(block_bytes_, buffer_.data() + held);
  if (!num_read.ok()) {
    buffer_.resize(held);
    return with_system_kind(num_read.status(),
                            fmt::format("read beyond byte {}", offset_ + int64_t(held)),
                            input_.name);
  }
  buffer_.resize(held + static_cast<size_t>(*num_read));
  at_end_ = *num_read == 0;
  was_short_ = *num_read < block_bytes_;
  return Status::OK();
}

Status BlockReader::look_for_end() {
  return input_.file && was_short_ && !is_full() ? fill() : Status::OK();
}

Status BlockReader::replace() {
  consume(bytes().size());
  return fill();
}

int64_t BlockReader::line() const {
  if (!input_.part || !input_.part->lines_before) return line_;
  return line_ + input_.part->lines_before().ValueOr(0);
}

void BlockReader::consume(size_t num_bytes) {
  line_ += count_lines(bytes().substr(0, num_bytes));
  offset_ += static_cast<int64_t>(num_bytes);
  begin_ += num_bytes;
}

}  // namespace velo::formats
