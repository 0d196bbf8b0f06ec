#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "velo/base/utf8.h"
#include "velo/storage/iconv_handle.h"
#include "velo/storage/text_encoding.h"

namespace velo::storage {
namespace {

constexpr size_t kPieceBytes = size_t{64} << 10;
constexpr size_t kMostCharacterBytes = 4;

// The character that some UTF-8 begins with.
std::string_view first_character(std::string_view text) {
  size_t size = 1;
  while (size < std::min(text.size(), kMostCharacterBytes) &&
         (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
    ++size;
  }
  return text.substr(0, size);
}

class EncodedText : public arrow::io::OutputStream {
 public:
  EncodedText(std::shared_ptr<arrow::io::OutputStream> output, IconvHandle handle,
              std::string encoding)
      : output_(std::move(output)),
        handle_(std::move(handle)),
        encoding_(std::move(encoding)) {}

  using arrow::io::OutputStream::Write;
  Status Write(const void* data, int64_t num_bytes) override {
    position_ += num_bytes;
    std::string_view text(static_cast<const char*>(data), static_cast<size_t>(num_bytes));
    if (held_.empty()) {
      ARROW_ASSIGN_OR_RAISE(const std::string_view rest, convert(text));
      held_ = rest;
      return Status::OK();
    }
    held_ += text;
    ARROW_ASSIGN_OR_RAISE(const std::string_view rest, convert(held_));
    held_.erase(0, held_.size() - rest.size());
    return Status::OK();
  }

  Status Close() override {
    if (is_closed_) return Status::OK();
    is_closed_ = true;
    if (!held_.empty()) return missing(held_);
    // What brings a stateful encoding back to its beginning.
    char end[16];
    char* next = end;
    size_t num_free = sizeof(end);
    handle_.convert(nullptr, nullptr, &next, &num_free);
    ARROW_RETURN_NOT_OK(
        output_->Write(end, static_cast<int64_t>(sizeof(end) - num_free)));
    return output_->Close();
  }
  bool closed() const override { return is_closed_; }
  Result<int64_t> Tell() const override { return position_; }

 private:
  // Writes what is whole; a character that goes on in the next bytes is left.
  Result<std::string_view> convert(std::string_view text) {
    while (!text.empty()) {
      piece_.resize(kPieceBytes);
      const char* in = text.data();
      size_t num_in = text.size();
      char* next = piece_.data();
      size_t num_free = piece_.size();
      const size_t result = handle_.convert(&in, &num_in, &next, &num_free);
      const int reason = result == static_cast<size_t>(-1) ? errno : 0;
      text.remove_prefix(text.size() - num_in);
      ARROW_RETURN_NOT_OK(
          output_->Write(piece_.data(), static_cast<int64_t>(piece_.size() - num_free)));
      if (reason == EINVAL) break;
      if (reason == EILSEQ) return missing(text);
    }
    return text;
  }

  Status missing(std::string_view text) const {
    const std::string_view character = first_character(text);
    return make_error(
        ErrorKind::kSchemaMismatch, {},
        find_invalid_utf8(character) == std::string_view::npos
            ? fmt::format("encoding={} does not have the character '{}'; take another, "
                          "or replace it in the SELECT",
                          encoding_, character)
            : fmt::format("encoding={}: there is text that is not UTF-8", encoding_));
  }

  const std::shared_ptr<arrow::io::OutputStream> output_;
  IconvHandle handle_;
  const std::string encoding_;
  std::string held_;   // the beginning of a character
  std::string piece_;  // converted
  int64_t position_ = 0;
  bool is_closed_ = false;
};

}  // namespace

Result<std::shared_ptr<arrow::io::OutputStream>> encode_text(
    std::shared_ptr<arrow::io::OutputStream> output, const std::string& encoding) {
  auto handle = IconvHandle::open(encoding, "UTF-8");
  if (!handle) return check_encoding(encoding, {});
  return std::make_shared<EncodedText>(std::move(output), *std::move(handle), encoding);
}

}  // namespace velo::storage
