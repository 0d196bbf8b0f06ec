#include "velo/connectors/iceberg/file_io.h"

#include <arrow/buffer.h>
#include <fmt/format.h>

#include "velo/connectors/iceberg/local_file_io.h"
#include "velo/connectors/iceberg/s3_file_io.h"

namespace velo::iceberg {
namespace {

// Keys of the user's are not mixed with those of the catalog.
StorageSettings merge(StorageSettings asked, StorageSettings told) {
  if (asked.contains("s3.access-key-id")) {
    for (const char* name : {"s3.secret-access-key", "s3.session-token"}) {
      told.erase(name);
    }
  }
  asked.merge(told);
  return asked;
}

}  // namespace

Result<std::unique_ptr<FileIo>> open_file_io(const std::string& location,
                                             const StorageSettings& asked,
                                             const StorageSettings& told) {
  const std::string scheme = location.substr(0, location.find(':'));
  if (scheme == "file" || location.starts_with('/')) return make_local_file_io();
  if (scheme == "s3" || scheme == "s3a" || scheme == "s3n") {
    return make_s3_file_io(merge(asked, told));
  }
  return make_error(ErrorKind::kNotImplemented,
                    {.connector = "iceberg", .resource = location},
                    "files at such a location cannot be reached yet; those of this "
                    "machine (file:///…) and of S3 can");
}

Result<std::string> read_file(FileIo& files, const std::string& location,
                              int64_t max_bytes) {
  ARROW_ASSIGN_OR_RAISE(const auto file, files.open(location, {}));
  ARROW_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
  if (size > max_bytes) {
    return make_error(ErrorKind::kCorruptData,
                      {.connector = "iceberg", .resource = location},
                      fmt::format("it has {} bytes, and {} are the most that such a file "
                                  "may have",
                                  size, max_bytes));
  }
  ARROW_ASSIGN_OR_RAISE(const auto buffer, file->ReadAt(0, size));
  return buffer->ToString();
}

Status write_file(FileIo& files, const std::string& location, std::string_view bytes) {
  const auto num_bytes = static_cast<int64_t>(bytes.size());
  ARROW_ASSIGN_OR_RAISE(const auto file, files.create(location, num_bytes));
  ARROW_RETURN_NOT_OK(file->Write(bytes.data(), num_bytes));
  return file->Close();
}

std::string_view local_path_of(std::string_view location) {
  // "file:/data" and "file:///data" are the same.
  constexpr std::string_view kScheme = "file:";
  if (!location.starts_with(kScheme)) return location;
  location.remove_prefix(kScheme.size());
  return location.starts_with("///") ? location.substr(2) : location;
}

}  // namespace velo::iceberg
