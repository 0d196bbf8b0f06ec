#include <arrow/buffer.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/storage/iconv_handle.h"
#include "velo/storage/text_encoding.h"

namespace velo::storage {
namespace {

constexpr int64_t kReadBytes = int64_t{64} << 10;
constexpr size_t kMarkBytes = 4;
// No byte of UTF-8.
constexpr char kInvalid = '\xFF';
constexpr char kUtf8[] = "UTF-8";

struct Mark {
  std::string_view bytes;
  const char* encoding;
};

// Longer ones first: that of UTF-32LE begins as that of UTF-16LE.
constexpr Mark kMarks[] = {{std::string_view("\xFF\xFE\0\0", 4), "UTF-32LE"},
                           {std::string_view("\0\0\xFE\xFF", 4), "UTF-32BE"},
                           {std::string_view("\xFF\xFE", 2), "UTF-16LE"},
                           {std::string_view("\xFE\xFF", 2), "UTF-16BE"}};

const Mark* find_mark(std::string_view bytes) {
  for (const Mark& mark : kMarks) {
    if (bytes.starts_with(mark.bytes)) return &mark;
  }
  return nullptr;
}

// "UTF-16" and its kin leave the order of bytes to the mark.
bool has_open_order(std::string_view encoding) {
  const std::string name = ascii_lower(std::string(encoding));
  return name == "utf-16" || name == "utf16" || name == "utf-32" || name == "utf32";
}

// Bytes of this text in an encoding, with a mark where it has one; 0 where nothing is
// written in it.
size_t size_in(const std::string& encoding, std::string_view text) {
  auto handle = IconvHandle::open(encoding, kUtf8);
  if (!handle) return 0;
  char bytes[32];
  const char* in = text.data();
  size_t num_in = text.size();
  char* next = bytes;
  size_t num_free = sizeof(bytes);
  handle->convert(&in, &num_in, &next, &num_free);
  return sizeof(bytes) - num_free;
}

// Bytes of the smallest unit: where one cannot be read, the next may be.
size_t unit_bytes(const std::string& encoding) {
  const size_t of_one = size_in(encoding, "a");
  const size_t of_two = size_in(encoding, "aa");
  return of_two > of_one ? of_two - of_one : 1;
}

class DecodedText : public arrow::io::InputStream {
 public:
  DecodedText(std::shared_ptr<arrow::io::InputStream> bytes, std::string encoding,
              std::string name)
      : bytes_(std::move(bytes)),
        encoding_(std::move(encoding)),
        name_(std::move(name)) {}

  Result<int64_t> Read(int64_t num_bytes, void* out) override {
    if (!has_begun_) ARROW_RETURN_NOT_OK(begin());
    auto* next = static_cast<char*>(out);
    int64_t num_read = 0;
    while (num_read < num_bytes) {
      ARROW_ASSIGN_OR_RAISE(const int64_t more,
                            handle_ ? convert(num_bytes - num_read, next + num_read)
                                    : pass(num_bytes - num_read, next + num_read));
      if (more == 0) break;
      num_read += more;
    }
    position_ += num_read;
    return num_read;
  }

  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t num_bytes) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(num_bytes));
    ARROW_ASSIGN_OR_RAISE(const int64_t num_read,
                          Read(num_bytes, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(num_read));
    return buffer;
  }

  Status Close() override { return bytes_->Close(); }
  bool closed() const override { return bytes_->closed(); }
  Result<int64_t> Tell() const override { return position_; }

 private:
  // Looks at the mark, and decides what is to be done.
  Status begin() {
    while (held_.size() < kMarkBytes && !at_end_) {
      ARROW_RETURN_NOT_OK(fill(static_cast<int64_t>(kMarkBytes)));
    }
    has_begun_ = true;
    const Mark* mark = find_mark(held_);
    // A mark in an encoding that was asked for is one of that, or no mark.
    const bool is_open = is_utf8(encoding_) || has_open_order(encoding_);
    if (mark && is_open) {
      encoding_ = mark->encoding;
      begin_ = mark->bytes.size();
    }
    if (is_utf8(encoding_)) return Status::OK();
    auto handle = IconvHandle::open(kUtf8, encoding_);
    if (!handle) return check_encoding(encoding_, name_);
    handle_.emplace(*std::move(handle));
    unit_bytes_ = unit_bytes(encoding_);
    return Status::OK();
  }

  Result<int64_t> pass(int64_t num_bytes, char* out) {
    const auto num_held = static_cast<int64_t>(held_.size() - begin_);
    if (num_held == 0) return bytes_->Read(num_bytes, out);
    const int64_t num_given = std::min(num_held, num_bytes);
    std::copy_n(held_.data() + begin_, num_given, out);
    begin_ += static_cast<size_t>(num_given);
    return num_given;
  }

  // Some text; none at the end.
  Result<int64_t> convert(int64_t num_bytes, char* out) {
    const size_t num_spilled = std::min(spilled_.size(), static_cast<size_t>(num_bytes));
    std::copy_n(spilled_.data(), num_spilled, out);
    spilled_.erase(0, num_spilled);
    if (num_spilled > 0) return static_cast<int64_t>(num_spilled);
    // A character goes in whole.
    char few[16];
    const bool is_narrow = num_bytes < static_cast<int64_t>(sizeof(few));
    char* const target = is_narrow ? few : out;
    const size_t room = is_narrow ? sizeof(few) : static_cast<size_t>(num_bytes);
    ARROW_ASSIGN_OR_RAISE(const size_t num_made, convert_some(target, room));
    if (!is_narrow) return static_cast<int64_t>(num_made);
    const size_t num_given = std::min(num_made, static_cast<size_t>(num_bytes));
    std::copy_n(few, num_given, out);
    spilled_.assign(few + num_given, num_made - num_given);
    return static_cast<int64_t>(num_given);
  }

  Result<size_t> convert_some(char* out, size_t room) {
    char* next = out;
    size_t num_free = room;
    while (num_free == room) {
      if (begin_ == held_.size() && !at_end_) ARROW_RETURN_NOT_OK(fill(kReadBytes));
      if (begin_ == held_.size()) return write_kept(next, num_free);
      const char* in = held_.data() + begin_;
      size_t num_in = held_.size() - begin_;
      const size_t result = handle_->convert(&in, &num_in, &next, &num_free);
      const int reason = result == static_cast<size_t>(-1) ? errno : 0;
      begin_ = held_.size() - num_in;
      const bool is_cut_off = reason == EINVAL && at_end_;
      if (reason == EINVAL && !at_end_) {
        ARROW_RETURN_NOT_OK(fill(kReadBytes));
      } else if ((reason == EILSEQ || is_cut_off) && num_free > 0) {
        *next++ = kInvalid;
        --num_free;
        begin_ += is_cut_off ? num_in : std::min(num_in, unit_bytes_);
      }
    }
    return room - num_free;
  }

  // Some encodings keep a letter back until they know whether an accent follows.
  size_t write_kept(char* out, size_t room) {
    size_t num_free = room;
    if (!std::exchange(has_ended_, true)) {
      handle_->convert(nullptr, nullptr, &out, &num_free);
    }
    return room - num_free;
  }

  Status fill(int64_t num_bytes) {
    held_.erase(0, begin_);
    begin_ = 0;
    const size_t num_held = held_.size();
    held_.resize(num_held + static_cast<size_t>(num_bytes));
    const auto num_read = bytes_->Read(num_bytes, held_.data() + num_held);
    held_.resize(num_held + static_cast<size_t>(num_read.ValueOr(0)));
    ARROW_RETURN_NOT_OK(num_read);
    at_end_ = *num_read == 0;
    return Status::OK();
  }

  const std::shared_ptr<arrow::io::InputStream> bytes_;
  std::string encoding_;
  const std::string name_;
  bool has_begun_ = false;
  std::optional<IconvHandle> handle_;  // nullopt for UTF-8
  size_t unit_bytes_ = 1;
  std::string held_;  // bytes; those before begin_ are converted
  size_t begin_ = 0;
  bool at_end_ = false;
  bool has_ended_ = false;  // all of the text was made
  std::string spilled_;     // text that was more than was asked for
  int64_t position_ = 0;
};

}  // namespace

std::shared_ptr<arrow::io::InputStream> decode_text(
    std::shared_ptr<arrow::io::InputStream> bytes, std::string encoding,
    std::string name) {
  return std::make_shared<DecodedText>(std::move(bytes), std::move(encoding),
                                       std::move(name));
}

bool has_other_mark(std::string_view text) { return find_mark(text) != nullptr; }

bool is_utf8(std::string_view encoding) {
  const std::string name = ascii_lower(std::string(encoding));
  return name == "utf-8" || name == "utf8";
}

Status check_encoding(std::string_view encoding, const std::string& resource) {
  if (is_utf8(encoding)) return Status::OK();
  const std::string name(encoding);
  if (IconvHandle::open(kUtf8, name) && IconvHandle::open(name, kUtf8)) {
    return Status::OK();
  }
  return make_error(
      ErrorKind::kInvalidArgument, {.resource = resource},
      fmt::format("encoding={} is none that this system has; iconv -l lists them", name));
}

OptionDescriptor encoding_option() {
  return {.name = "encoding",
          .default_value = "utf-8",
          .doc =
              "Character encoding of text formats, as iconv calls it: latin1, "
              "windows-1252, utf-16, shift_jis; a byte order mark tells it by itself."};
}

}  // namespace velo::storage
