#include "velo/formats/json/record_cutter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "velo/base/line_count.h"
#include "velo/base/system_error.h"

namespace velo::formats::json {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_space(uint8_t c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

enum class ByteKind : uint8_t { kOther, kOpen, kClose, kQuote, kSpace };

constexpr std::array<ByteKind, 256> make_kinds() {
  std::array<ByteKind, 256> kinds{};
  kinds['{'] = kinds['['] = ByteKind::kOpen;
  kinds['}'] = kinds[']'] = ByteKind::kClose;
  kinds['"'] = ByteKind::kQuote;
  for (const char c : {' ', '\n', '\r', '\t', ','}) {
    kinds[static_cast<uint8_t>(c)] = ByteKind::kSpace;
  }
  return kinds;
}
constexpr std::array<ByteKind, 256> kKinds = make_kinds();

// The first quote or backslash at or after p, or `end`.
const uint8_t* find_quote_or_backslash(const uint8_t* p, const uint8_t* end) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighBits = kOnes * 0x80;
  while (end - p >= 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    const uint64_t quote = word ^ (kOnes * '"');
    const uint64_t backslash = word ^ (kOnes * '\\');
    const uint64_t found =
        (((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash)) & kHighBits;
    if (found != 0) break;
    p += 8;
  }
  while (p < end && *p != '"' && *p != '\\') ++p;
  return p;
}

}  // namespace

bool goes_on_with_record(uint8_t first_byte) {
  return std::string_view(" \t\"}],:[").find(static_cast<char>(first_byte)) !=
         std::string_view::npos;
}

template <bool stops_at_first>
int64_t RecordScanner::scan_for(const uint8_t* text, int64_t from, int64_t to) {
  int64_t last_end = -1;
  const uint8_t* p = text + from;
  const uint8_t* const end = text + to;
  while (p < end && !(stops_at_first && last_end >= 0)) {
    if (in_string_) {
      if (after_backslash_) {
        after_backslash_ = false;
        ++p;
        continue;
      }
      p = find_quote_or_backslash(p, end);
      if (p == end) break;
      after_backslash_ = *p == '\\';
      in_string_ = after_backslash_;
      ++p;
      if (!in_string_ && depth_ <= base_) last_end = p - text;
      continue;
    }
    switch (kKinds[*p++]) {
      case ByteKind::kOpen:
        ++depth_;
        break;
      case ByteKind::kClose:
        if (--depth_ <= base_) last_end = p - text;
        break;
      case ByteKind::kQuote:
        in_string_ = true;
        break;
      case ByteKind::kOther:
        if (depth_ <= base_) last_end = p - text;
        break;
      case ByteKind::kSpace:
        break;
    }
  }
  return last_end;
}

Result<std::unique_ptr<RecordCutter>> RecordCutter::make(Input input,
                                                         const CutterOptions& options) {
  std::unique_ptr<RecordCutter> cutter(new RecordCutter(std::move(input), options));
  if (cutter->offset_ > 0) return cutter;
  ARROW_RETURN_NOT_OK(cutter->detect_framing());
  return cutter;
}

Status RecordCutter::read_more() {
  // A record larger than a block doubles the buffer each time, so that it is not copied
  // more often than its size grows.
  const int64_t wanted =
      size_ < options_.block_bytes
          ? options_.block_bytes
          : std::min(size_ * 2,
                     std::max(size_, options_.max_record_bytes) + options_.block_bytes);
  if (static_cast<int64_t>(buffer_.size()) < wanted + kPadding) {
    buffer_.resize(static_cast<size_t>(wanted + kPadding));
  }
  while (size_ < wanted && !ended_) {
    const auto num_read = input_.stream->Read(wanted - size_, buffer_.data() + size_);
    if (!num_read.ok()) {
      return with_system_kind(num_read.status(),
                              fmt::format("read beyond byte {}", offset_ + size_),
                              input_.name);
    }
    ended_ = *num_read == 0;
    size_ += *num_read;
  }
  return Status::OK();
}

Status RecordCutter::detect_framing() {
  do {
    ARROW_RETURN_NOT_OK(read_more());
  } while (!ended_ && std::cmp_less(size_, kByteOrderMark.size()));
  const std::string_view begin(reinterpret_cast<const char*>(buffer_.data()),
                               static_cast<size_t>(size_));
  if (begin.starts_with("\xFF\xFE") || begin.starts_with("\xFE\xFF")) {
    return make_error(ErrorKind::kCorruptData, {.resource = input_.name},
                      "the text is UTF-16; JSON has to be UTF-8, convert it first");
  }
  if (begin.starts_with(kByteOrderMark)) {
    cut_ = static_cast<int64_t>(kByteOrderMark.size());
    behind_cut_ = buffer_[kByteOrderMark.size()];
    drop_cut();
  }
  int64_t first = 0;
  for (;; ++first) {
    if (first == size_) {
      if (ended_) return Status::OK();
      ARROW_RETURN_NOT_OK(read_more());
      if (first == size_) return Status::OK();
    }
    if (!is_space(buffer_[static_cast<size_t>(first)])) break;
  }
  if (buffer_[static_cast<size_t>(first)] == '[') {
    ARROW_ASSIGN_OR_RAISE(const bool is_line, is_list_in_a_line(first));
    if (is_line) return Status::OK();
    framing_ = Framing::kArray;
    follow_brackets();
    return Status::OK();
  }
  return detect_lines(first);
}

// The newline at or behind `from`, read for where bad records are to be told apart;
// nullptr for none.
Result<const uint8_t*> RecordCutter::find_newline(int64_t from) {
  while (true) {
    const auto* newline = static_cast<const uint8_t*>(
        std::memchr(buffer_.data() + from, '\n', static_cast<size_t>(size_ - from)));
    const bool reads_on =
        options_.keeps_to_lines && !ended_ && size_ <= options_.max_record_bytes;
    if (newline || !reads_on) return newline;
    ARROW_RETURN_NOT_OK(read_more());
  }
}

// Whether the list that begins at `first` is not the whole file, but a line that is no
// record: something follows it.
Result<bool> RecordCutter::is_list_in_a_line(int64_t first) {
  if (!options_.keeps_to_lines) return false;
  ARROW_ASSIGN_OR_RAISE(const uint8_t* newline, find_newline(first));
  if (!newline) return false;
  int64_t at = newline - buffer_.data();
  RecordScanner line(Framing::kSequence);
  line.scan(buffer_.data(), first, at);
  if (!line.between_records()) return false;
  for (;; ++at) {
    while (at == size_ && !ended_) ARROW_RETURN_NOT_OK(read_more());
    if (at == size_) return false;
    if (!is_space(buffer_[static_cast<size_t>(at)])) return true;
  }
}

// Lines are taken for records where the first one that is not blank, which begins at
// `first`, is whole. Where bad ones are to be told apart, also where that one is cut off,
// and the next line does not go on with it.
Status RecordCutter::detect_lines(int64_t first) {
  const bool keeps = options_.keeps_to_lines;
  ARROW_ASSIGN_OR_RAISE(const uint8_t* newline, find_newline(first));
  RecordScanner first_line(framing_);
  const int64_t record_end =
      first_line.scan(buffer_.data(), first, newline ? newline - buffer_.data() : size_);
  by_lines_ = newline != nullptr && first_line.between_records();
  if (by_lines_ || !keeps) return Status::OK();
  if (!newline && !ended_) {  // a first record that is too large, or many of one line
    by_lines_ = record_end < 0;
    return Status::OK();
  }
  int64_t line = newline ? newline - buffer_.data() + 1 : size_;
  for (int64_t at = line;; ++at) {
    while (at == size_ && !ended_) ARROW_RETURN_NOT_OK(read_more());
    by_lines_ = at == size_;
    if (by_lines_) return Status::OK();
    const uint8_t byte = buffer_[static_cast<size_t>(at)];
    if (byte == '\n') {
      line = at + 1;
    } else if (!is_space(byte)) {
      break;
    }
  }
  by_lines_ = !goes_on_with_record(buffer_[static_cast<size_t>(line)]);
  return Status::OK();
}

// Forget the block at hand: the rest moves to the front.
void RecordCutter::drop_cut() {
  if (cut_ == 0) return;
  buffer_[static_cast<size_t>(cut_)] = behind_cut_;
  offset_ += cut_;
  line_ += count_lines(
      {reinterpret_cast<const char*>(buffer_.data()), static_cast<size_t>(cut_)});
  std::memmove(buffer_.data(), buffer_.data() + cut_, static_cast<size_t>(size_ - cut_));
  size_ -= cut_;
  scanned_ = std::max<int64_t>(scanned_ - cut_, 0);
  cut_ = 0;
}

// The end of the last whole record in the buffer, or 0.
int64_t RecordCutter::find_cut() {
  const int64_t from = std::exchange(scanned_, size_);
  if (!by_lines_) return std::max<int64_t>(scanner_.scan(buffer_.data(), from, size_), 0);
  const void* newline =
      memrchr(buffer_.data() + from, '\n', static_cast<size_t>(size_ - from));
  return newline ? static_cast<const uint8_t*>(newline) - buffer_.data() + 1 : 0;
}

Result<Block> RecordCutter::cut() {
  if (size_ < options_.block_bytes) ARROW_RETURN_NOT_OK(read_more());
  int64_t end = 0;
  bool too_large = false;
  for (;;) {
    end = ended_ ? size_ : find_cut();
    if (end > 0 || ended_) break;
    if (by_lines_ && !options_.keeps_to_lines) {
      follow_brackets();
      continue;
    }
    too_large = size_ > options_.max_record_bytes;
    if (too_large) break;
    ARROW_RETURN_NOT_OK(read_more());
  }
  if (too_large) end = size_;
  cut_ = end;
  behind_cut_ = buffer_[static_cast<size_t>(cut_)];
  buffer_[static_cast<size_t>(cut_)] = 0;
  return Block{.text = buffer_.data(),
               .size = cut_,
               .offset = offset_,
               .line = line_,
               .last = ended_ && cut_ == size_,
               .too_large = too_large};
}

Result<Block> RecordCutter::next() {
  drop_cut();
  return cut();
}

Status RecordCutter::skip_large_record() {
  while (true) {
    drop_cut();
    if (ended_) return Status::OK();
    ARROW_RETURN_NOT_OK(read_more());
    const int64_t end = find_end();
    cut_ = scanned_ = end < 0 ? size_ : end;
    behind_cut_ = buffer_[static_cast<size_t>(cut_)];
    if (end >= 0) break;
  }
  drop_cut();
  return Status::OK();
}

// Of the record that goes on in the buffer, of which nothing was scanned yet; -1 where it
// goes on behind it.
int64_t RecordCutter::find_end() {
  if (!by_lines_) return scanner_.scan_one(buffer_.data(), 0, size_);
  const void* newline = std::memchr(buffer_.data(), '\n', static_cast<size_t>(size_));
  return newline ? static_cast<const uint8_t*>(newline) - buffer_.data() + 1 : -1;
}

Result<Block> RecordCutter::recut() {
  buffer_[static_cast<size_t>(cut_)] = behind_cut_;
  cut_ = 0;
  follow_brackets();
  return cut();
}

void RecordCutter::follow_brackets() {
  by_lines_ = false;
  scanner_ = RecordScanner(framing_);
  scanned_ = 0;
}

}  // namespace velo::formats::json
