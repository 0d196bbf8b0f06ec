#include "velo/fileset/divided_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "velo/base/line_count.h"
#include "velo/storage/text_encoding.h"

namespace velo::fileset {
namespace {

// They tell a compression, and UTF-16.
constexpr int64_t kLookedAtBytes = 10;

constexpr int64_t kCountedAtOnce = int64_t{1} << 20;

Result<int64_t> count_lines_in(arrow::io::RandomAccessFile& file, int64_t begin,
                               int64_t end) {
  std::string bytes(static_cast<size_t>(std::min(end - begin, kCountedAtOnce)), '\0');
  int64_t num_lines = 0;
  while (begin < end) {
    const auto wanted = std::min(end - begin, kCountedAtOnce);
    ARROW_ASSIGN_OR_RAISE(const int64_t num_read,
                          file.ReadAt(begin, wanted, bytes.data()));
    if (num_read == 0) break;
    num_lines += count_lines({bytes.data(), static_cast<size_t>(num_read)});
    begin += num_read;
  }
  return num_lines;
}

}  // namespace

void DividedFiles::go_on_from(const Positions& earlier) {
  earlier_.clear();
  earlier_status_ = earlier_files(earlier).Value(&earlier_);
}

const EarlierFile* DividedFiles::earlier(const SplitId& file) const {
  const auto found = earlier_.find(file);
  return found == earlier_.end() ? nullptr : &found->second;
}

// Those that were there, too, where the file has become shorter: who reads them says so.
Result<std::vector<SplitId>> DividedFiles::splits_of(const std::string& path) {
  ARROW_RETURN_NOT_OK(earlier_status_);
  const SplitId file = opener_.store().split_of(path);
  const EarlierFile* const before = earlier(file);
  if (before && before->was_whole()) return std::vector<SplitId>{file};
  ARROW_ASSIGN_OR_RAISE(const FileVersion version, opener_.store().version_of(path));
  uint64_t num_bytes = version.num_bytes;
  uint64_t part_bytes = 0;
  if (before) {
    num_bytes = std::max(num_bytes, before->num_bytes());
    part_bytes = before->part_bytes();
  } else {
    ARROW_ASSIGN_OR_RAISE(part_bytes, part_bytes_of(path, version));
  }
  if (part_bytes == 0) return std::vector<SplitId>{file};
  {
    const std::lock_guard lock(cut_mutex_);
    cut_[file] = version;
  }
  std::vector<SplitId> splits;
  for (const FilePart& part : cut_into_parts(num_bytes, part_bytes)) {
    splits.push_back(name_of({.file = file, .part = part}));
  }
  return splits;
}

// 0 for a file that is not divided.
Result<uint64_t> DividedFiles::part_bytes_of(const std::string& path,
                                             const FileVersion& version) {
  const uint64_t wanted = opener_.options().part_bytes;
  if (wanted == 0 || version.num_bytes <= wanted) return 0;
  ARROW_ASSIGN_OR_RAISE(const FileEncoding encoding, opener_.encoding_of(path));
  if (!encoding.format->make_record_finder ||
      encoding.compression != storage::Compression::UNCOMPRESSED ||
      !storage::is_utf8(opener_.options().values.text("encoding"))) {
    return 0;
  }
  ARROW_ASSIGN_OR_RAISE(const File file, opener_.store().open(path, version, {}));
  ARROW_ASSIGN_OR_RAISE(const auto first, file->ReadAt(0, kLookedAtBytes));
  const std::string_view bytes(*first);
  if (storage::has_other_mark(bytes) ||
      storage::compression_of_bytes(bytes) != storage::Compression::UNCOMPRESSED) {
    return 0;
  }
  ARROW_ASSIGN_OR_RAISE(const auto finder, finder_of({path, version}, file));
  return finder ? part_bytes_for(version.num_bytes, wanted) : 0;
}

Status DividedFiles::check_is_the_same(const SplitId& file,
                                       const FileVersion& now) const {
  const std::lock_guard lock(cut_mutex_);
  const auto cut = cut_.find(file);
  if (cut == cut_.end() || cut->second == now) return Status::OK();
  return make_error(
      ErrorKind::kPositionLost, opener_.context(opener_.store().path_of(file)),
      fmt::format(
          "the file has changed while it was read in parts: it had {} bytes, now "
          "{}{}. Read it when nobody writes it; or part_bytes=0 reads it in one go",
          cut->second.num_bytes, now.num_bytes,
          cut->second.num_bytes == now.num_bytes ? ", and was written to since" : ""));
}

Status DividedFiles::check_none_is_gone(const std::vector<std::string>& paths) const {
  ARROW_RETURN_NOT_OK(earlier_status_);
  if (earlier_.empty()) return Status::OK();
  std::set<SplitId> there;
  for (const std::string& path : paths) there.insert(opener_.store().split_of(path));
  for (const auto& [file, before] : earlier_) {
    if (before.was_whole() || before.has_ended() || there.contains(file)) continue;
    return make_error(
        ErrorKind::kPositionLost, opener_.context(opener_.store().path_of(file)),
        "an earlier run has read some parts of this file, and it is not there any more; "
        "put it back, or begin anew under another name");
  }
  return Status::OK();
}

DividedFiles::Key DividedFiles::key_of(const VersionOfFile& of) {
  return fmt::format("{}\n{}\n{}", of.path, of.version.num_bytes, of.version.mark);
}

Result<DividedFiles::Finder> DividedFiles::finder_of(const VersionOfFile& of,
                                                     const File& file) {
  const std::lock_guard lock(finders_mutex_);
  const Key key = key_of(of);
  if (const auto known = finders_.find(key); known != finders_.end()) {
    return known->second;
  }
  ARROW_ASSIGN_OR_RAISE(const FileEncoding encoding, opener_.encoding_of(of.path));
  ARROW_ASSIGN_OR_RAISE(Finder finder, encoding.format->make_record_finder(
                                           *file, opener_.options().values));
  return finders_[key] = std::move(finder);
}

// Counted once up to each offset that somebody has asked for, in a file of its own: what
// is read elsewhere goes on from where it was.
Result<int64_t> DividedFiles::lines_before(const VersionOfFile& of, int64_t offset) {
  ARROW_ASSIGN_OR_RAISE(const File file, opener_.store().open(of.path, of.version, {}));
  const std::lock_guard lock(lines_mutex_);
  auto& counted = lines_[key_of(of)];
  const auto behind = counted.upper_bound(offset);
  int64_t from = 0;
  int64_t before = 0;
  if (behind != counted.begin()) std::tie(from, before) = *std::prev(behind);
  ARROW_ASSIGN_OR_RAISE(const int64_t since, count_lines_in(*file, from, offset));
  return counted[offset] = before + since;
}

// A file that was divided, and of which that cannot be done any more, is all in its first
// part.
Result<formats::Input> DividedFiles::input_of(const std::string& path,
                                              const FileVersion& version,
                                              const FilePart& part,
                                              const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const File file, opener_.store().open(path, version, stop));
  // Another one may have come between the look at it and this.
  ARROW_ASSIGN_OR_RAISE(const FileVersion now, opener_.store().version_of(path));
  ARROW_RETURN_NOT_OK(check_is_the_same(opener_.store().split_of(path), now));
  const VersionOfFile of{path, version};
  ARROW_ASSIGN_OR_RAISE(const Finder finder, finder_of(of, file));
  ARROW_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
  const auto find = [&](uint64_t from) -> Result<int64_t> {
    const auto wanted = static_cast<int64_t>(from);
    if (wanted == 0 || wanted >= size) return std::min(wanted, size);
    return finder ? finder->find(*file, wanted) : size;
  };
  const bool is_last = part.end() >= version.num_bytes;
  ARROW_ASSIGN_OR_RAISE(const int64_t begin, find(part.begin));
  ARROW_ASSIGN_OR_RAISE(const int64_t end, is_last ? size : find(part.end()));
  formats::Part bounds{
      .offset = begin, .is_last = is_last, .lines_before = [this, of, begin] {
        return lines_before(of, begin);
      }};
  return formats::Input{.name = opener_.store().shown(path),
                        .stream = read_part(file, begin, std::max(begin, end)),
                        .file = file,
                        .part = std::move(bounds)};
}

}  // namespace velo::fileset
