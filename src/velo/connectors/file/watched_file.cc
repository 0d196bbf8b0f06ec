#include "velo/connectors/file/watched_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "velo/base/big_endian.h"
#include "velo/base/hex.h"
#include "velo/base/sha256.h"
#include "velo/base/system_error.h"

namespace velo::file {
namespace {

constexpr size_t kBeginningBytes = 4096;
constexpr uint64_t kSearchedAtOnce = uint64_t{1} << 20;

std::string split_of(const struct statx& info) {
  if ((info.stx_mask & STATX_BTIME) != 0) {
    return fmt::format("{:x}.{:x}.{:x}", info.stx_ino,
                       static_cast<uint64_t>(info.stx_btime.tv_sec),
                       info.stx_btime.tv_nsec);
  }
  return fmt::format("{:x}@{:x}.{:x}", info.stx_ino, info.stx_dev_major,
                     info.stx_dev_minor);
}

constexpr unsigned kAsked = STATX_BASIC_STATS | STATX_BTIME;

uint64_t hash_of(std::string_view bytes) {
  const auto digest = hex_decode(sha256_hex(bytes)).value_or("");
  return read_big_endian<uint64_t>(digest.data());
}

}  // namespace

Result<SplitId> split_of_watched(const std::string& path) {
  struct statx info {};
  if (::statx(AT_FDCWD, path.c_str(), 0, kAsked, &info) != 0) {
    return errno_error(errno, "read it", path);
  }
  return split_of(info);
}

Position WatchedPosition::encode() const {
  Position position;
  append_big_endian(position.bytes, num_bytes);
  append_big_endian(position.bytes, beginning);
  return position;
}

Position WatchedPosition::behind_line_at(uint64_t num_bytes) {
  Position position;
  append_big_endian(position.bytes, num_bytes + 1);
  return position;
}

Result<WatchedPosition> WatchedPosition::decode(const Position& position) {
  constexpr size_t kNumberBytes = sizeof(uint64_t);
  if (position.bytes.size() != 2 * kNumberBytes) {
    return make_error(ErrorKind::kCorruptData, {.connector = "file"},
                      fmt::format("a position in a watched file has 16 bytes, not {}",
                                  position.bytes.size()));
  }
  const char* bytes = position.bytes.data();
  return WatchedPosition{.num_bytes = read_big_endian<uint64_t>(bytes),
                         .beginning = read_big_endian<uint64_t>(bytes + kNumberBytes)};
}

Result<std::optional<WatchedFile>> WatchedFile::open(
    const SplitId& split, const std::string& path,
    const std::optional<WatchedPosition>& from) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0 && errno == ENOENT) return std::nullopt;
  if (descriptor < 0) return errno_error(errno, "read it", path);
  WatchedFile file(split, path, descriptor);
  struct statx info {};
  if (::statx(descriptor, "", AT_EMPTY_PATH, kAsked, &info) != 0) {
    return errno_error(errno, "read it", path);
  }
  if (split_of(info) != split) return std::nullopt;
  if (from) ARROW_RETURN_NOT_OK(file.go_to(*from));
  return file;
}

WatchedFile::WatchedFile(WatchedFile&& other) noexcept
    : split_(std::move(other.split_)),
      path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      offset_(other.offset_),
      beginning_(std::move(other.beginning_)),
      end_(other.end_),
      limit_(other.limit_),
      searched_(other.searched_),
      large_line_(std::move(other.large_line_)) {}

WatchedFile::~WatchedFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<uint64_t> WatchedFile::size() const {
  struct stat info {};
  if (::fstat(descriptor_, &info) != 0) return errno_error(errno, "read it", path_);
  return static_cast<uint64_t>(info.st_size);
}

Status WatchedFile::shorter(uint64_t size) const {
  return make_error(
      ErrorKind::kPositionLost, {.connector = "file", .resource = path_},
      fmt::format("the file was cut to {} bytes when {} of it had been read: what was "
                  "written in between may be lost. To go on, move it away (copied to a "
                  "new name it is read from its beginning), and have logs rotated by "
                  "renaming",
                  size, offset_));
}

Status WatchedFile::go_to(const WatchedPosition& from) {
  offset_ = from.num_bytes;
  ARROW_ASSIGN_OR_RAISE(const uint64_t now, size());
  if (now < offset_) return shorter(now);
  const size_t num_bytes = std::min<uint64_t>(offset_, kBeginningBytes);
  ARROW_RETURN_NOT_OK(read_at(0, num_bytes, beginning_));
  if (hash_of(beginning_) != from.beginning) return is_another();
  return check_unchanged();
}

Status WatchedFile::is_another() const {
  return make_error(
      ErrorKind::kPositionLost, {.connector = "file", .resource = path_},
      fmt::format("the file has other bytes than when {} of it were read: it was "
                  "truncated and written anew, or changed. What was written in between "
                  "may be lost. To go on, move it away (copied to a new name it is read "
                  "from its beginning), and have logs rotated by renaming",
                  offset_));
}

Status WatchedFile::check_unchanged() const {
  if (offset_ == 0) return Status::OK();
  std::string now;
  ARROW_RETURN_NOT_OK(read_at(0, beginning_.size(), now));
  if (now != beginning_) return is_another();
  ARROW_RETURN_NOT_OK(read_at(offset_ - 1, 1, now));
  return now == "\n" ? Status::OK() : is_another();
}

Status WatchedFile::read_at(uint64_t offset, size_t num_bytes, std::string& out) const {
  out.resize(num_bytes);
  size_t filled = 0;
  while (filled < num_bytes) {
    const ssize_t count = ::pread(descriptor_, out.data() + filled, num_bytes - filled,
                                  static_cast<off_t>(offset + filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error(errno, "read it", path_);
    if (count == 0) break;
    filled += static_cast<size_t>(count);
  }
  out.resize(filled);
  return Status::OK();
}

Result<std::string> WatchedFile::read_lines(int64_t num_bytes) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t now, size());
  if (now < offset_) return shorter(now);
  const uint64_t end = std::min(now, end_.value_or(now));
  if (end <= offset_) return std::string();
  ARROW_RETURN_NOT_OK(check_unchanged());
  std::string lines;
  const auto most = static_cast<size_t>(limit_.max_bytes) + 1;  // with the line break
  for (auto wanted = std::min(static_cast<size_t>(num_bytes), most);;
       wanted = std::min(wanted * 4, most)) {
    const uint64_t there = end - offset_;
    ARROW_RETURN_NOT_OK(read_at(offset_, std::min<uint64_t>(wanted, there), lines));
    const size_t newline = lines.rfind('\n');
    if (newline != std::string::npos) {
      lines.resize(newline + 1);
      break;
    }
    if (lines.size() == most) {
      ARROW_RETURN_NOT_OK(pass_line(end, lines));
      return std::string();
    }
    if (lines.size() >= there) return std::string();
  }
  note_beginning(lines);
  offset_ += lines.size();
  return lines;
}

void WatchedFile::note_beginning(std::string_view bytes) {
  if (beginning_.size() >= kBeginningBytes) return;
  beginning_ += bytes.substr(0, kBeginningBytes - beginning_.size());
}

Status WatchedFile::too_large(uint64_t begin) const {
  return make_error(
      ErrorKind::kCorruptData,
      {.connector = "file", .resource = path_, .position = fmt::format("byte {}", begin)},
      formats::too_large(limit_.max_bytes));
}

// Goes behind a line that is too large, which begins so, once its end is there.
Status WatchedFile::pass_line(uint64_t end, std::string_view beginning) {
  if (!limit_.passes_larger) return too_large(offset_);
  std::string piece;
  searched_ = std::max(searched_, offset_ + beginning.size());
  while (searched_ < end) {
    ARROW_RETURN_NOT_OK(
        read_at(searched_, std::min(kSearchedAtOnce, end - searched_), piece));
    const size_t newline = piece.find('\n');
    if (newline == std::string::npos && piece.empty()) break;
    searched_ += newline == std::string::npos ? piece.size() : newline + 1;
    if (newline == std::string::npos) continue;
    large_line_ = {offset_,
                   std::string(beginning.substr(0, formats::kKeptOfLargeRecord))};
    note_beginning(beginning);
    offset_ = searched_;
    break;
  }
  return Status::OK();
}

WatchedPosition WatchedFile::position() const {
  return {.num_bytes = offset_, .beginning = hash_of(beginning_)};
}

Status WatchedFile::end_here() {
  ARROW_ASSIGN_OR_RAISE(end_, size());
  return Status::OK();
}

Result<uint64_t> WatchedFile::num_unread() const {
  ARROW_ASSIGN_OR_RAISE(const uint64_t now, size());
  const uint64_t end = std::min(now, end_.value_or(now));
  return end - std::min(end, offset_);
}

bool WatchedFile::is_removed() const {
  struct stat info {};
  return ::fstat(descriptor_, &info) == 0 && info.st_nlink == 0;
}

}  // namespace velo::file
