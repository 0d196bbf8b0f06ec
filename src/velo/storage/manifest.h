#pragma once

/// What one commit into files or objects consists of.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "velo/commit.h"

namespace velo::storage {

/// A file that was staged, and the name it is to have.
struct ManifestFile {
  std::string staged;  ///< below the pipeline's staging place
  std::string path;    ///< below the sink's root
  int64_t num_rows = 0;
  int64_t num_bytes = 0;
  std::string upload;              ///< S3: the id of its upload; else empty
  std::vector<std::string> parts;  ///< S3: the ETags of that upload's parts
  bool operator==(const ManifestFile&) const = default;
};

/// One epoch, decided as soon as its manifest is there. Kept as JSON: values are on disk,
/// fields are only ever added.
///
///     {"velo": 1, "pipeline": "orders", "incarnation": "09af…", "fence": 2, "epoch": 17,
///      "source": …, "select": …, "schema": …,
///      "positions": {"/in/a.csv": {"at": BASE64, "ended": true}, …}, "base": false,
///      "rows": 1000, "total_rows": 17000, "finished": false,
///      "files": [{"staged": …, "path": …, "rows": …, "bytes": …}], "removes": [PATH, …],
///      "forgotten": false, "written_at": …, "version": …}
///
/// A file that is an upload has `"upload": ID, "parts": [ETAG, …]` beside.
/// A manifest without files is a fence: it only takes its number.
struct Manifest {
  /// Its positions are those that the epoch has moved; with `is_base`, all.
  CommitRecord record;
  bool is_base = false;
  int64_t total_rows = 0;  ///< of this epoch and all before it
  std::vector<ManifestFile> files;
  std::vector<std::string> removes;  ///< files that go when the epoch is there
  bool is_forgotten = false;         ///< the end of the record: what follows begins anew
};

std::string encode_manifest(const Manifest& manifest);

/// Errors: kCorruptData naming `name` and the field. Source: above.
Result<Manifest> decode_manifest(std::string_view name, std::string_view text);

/// A token of a kDurable sink: the files that one writer has staged, as JSON.
CommitToken encode_token(const std::vector<ManifestFile>& files);
Result<std::vector<ManifestFile>> decode_token(const CommitToken& token);

}  // namespace velo::storage
