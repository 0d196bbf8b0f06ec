#include "velo/fileset/earlier_parts.h"

#include <algorithm>

namespace velo::fileset {

Status EarlierFile::add(const std::optional<FilePart>& part,
                        const SplitProgress& progress) {
  ARROW_ASSIGN_OR_RAISE(const FilePosition position,
                        FilePosition::decode(progress.position));
  if (part) part_bytes_ = part->num_bytes;
  num_bytes_ = std::max(num_bytes_, position.version.num_bytes);
  if (std::ranges::find(versions_, position.version) == versions_.end()) {
    versions_.push_back(position.version);
  }
  if (progress.ended) ended_.insert(part ? part->begin : 0);
  return Status::OK();
}

bool EarlierFile::was_only(const FileVersion& version) const {
  return versions_.size() == 1 && versions_.front() == version;
}

bool EarlierFile::has_ended() const {
  if (was_whole()) return !ended_.empty();
  return std::ranges::all_of(
      cut_into_parts(num_bytes_, part_bytes_),
      [&](const FilePart& part) { return ended_.contains(part.begin); });
}

Result<std::map<SplitId, EarlierFile>> earlier_files(const Positions& positions) {
  std::map<SplitId, EarlierFile> files;
  for (const auto& [name, progress] : positions) {
    const FileSplit split = parse_file_split(name);
    ARROW_RETURN_NOT_OK(files[split.file].add(split.part, progress));
  }
  return files;
}

}  // namespace velo::fileset
