#pragma once

#include <memory>

#include "velo/connectors/iceberg/file_io.h"

namespace velo::iceberg {

/// Objects of S3: "s3://bucket/key", also as s3a and s3n. What the settings leave out
/// comes from the AWS_… variables.
std::unique_ptr<FileIo> make_s3_file_io(StorageSettings settings);

}  // namespace velo::iceberg
