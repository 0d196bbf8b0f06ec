#include "velo/connectors/iceberg/leftovers.h"

#include <algorithm>
#include <set>

#include "velo/connectors/iceberg/record.h"
#include "velo/connectors/iceberg/scan.h"

namespace velo::iceberg {
namespace {

// Of two spellings of one location.
std::string plain(const std::string& location) {
  return std::string(local_path_of(location));
}

// Everything that the snapshots of a table name.
Result<std::set<std::string>> files_in_use(FileIo& files, const TableMetadata& metadata) {
  std::set<std::string> used;
  std::set<std::string> read;
  for (const auto& [id, snapshot] : metadata.snapshots) {
    used.insert(plain(snapshot.manifest_list));
    used.insert(plain(snapshot.summary_text("velo.positions-file")));
    ARROW_ASSIGN_OR_RAISE(const auto manifests, read_manifest_list(files, snapshot));
    for (const ManifestInList& manifest : manifests) {
      if (!read.insert(manifest.path).second) continue;
      used.insert(plain(manifest.path));
      ARROW_ASSIGN_OR_RAISE(const auto entries, read_manifest(files, manifest));
      for (const ManifestEntry& entry : entries) used.insert(plain(entry.file.path));
    }
  }
  return used;
}

// The attempts of a record that were committed, as far as the table remembers.
std::set<FileOrigin> committed_attempts(const TableMetadata& metadata,
                                        const CommitRecord& record,
                                        const std::string& branch) {
  std::set<FileOrigin> attempts;
  for (const auto& [id, snapshot] : metadata.snapshots) {
    if (pipeline_of(snapshot.summary) != record.pipeline ||
        branch_of(snapshot.summary) != branch ||
        snapshot.summary_text("velo.incarnation") != record.incarnation) {
      continue;
    }
    const auto attempt = attempt_of(snapshot.summary);
    if (attempt) attempts.insert(*attempt);
  }
  return attempts;
}

// Whether nobody has committed the attempt, although the table remembers those of then.
bool was_overtaken(const FileOrigin& origin, const std::set<FileOrigin>& attempts) {
  return !attempts.contains(origin) &&
         std::ranges::any_of(attempts, [&](const FileOrigin& attempt) {
           return attempt.fence <= origin.fence && attempt.epoch < origin.epoch;
         });
}

}  // namespace

Status remove_leftovers(FileIo& files, const TableMetadata& metadata,
                        const std::string& prefix, const FileOrigin& committed,
                        const CommitRecord& record, const std::string& branch) {
  if (record.fence <= 1) return Status::OK();
  const auto attempts = committed_attempts(metadata, record, branch);
  std::vector<std::string> left;
  for (const std::string& directory :
       {metadata.data_location(), metadata.metadata_location()}) {
    ARROW_ASSIGN_OR_RAISE(const auto found, files.list(directory, prefix));
    std::ranges::copy_if(found, std::back_inserter(left), [&](const auto& location) {
      const auto origin = origin_of(prefix, location);
      if (!origin || origin->fence >= record.fence) return false;
      const bool is_of_record = location.find(record.incarnation) != std::string::npos;
      return *origin > committed || (is_of_record && was_overtaken(*origin, attempts));
    });
  }
  if (left.empty()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto used, files_in_use(files, metadata));
  for (const std::string& location : left) {
    if (used.contains(plain(location))) continue;
    ARROW_RETURN_NOT_OK(files.remove(location));
  }
  return Status::OK();
}

}  // namespace velo::iceberg
