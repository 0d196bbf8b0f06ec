#pragma once

/// A prefix of keys, written below.

#include <memory>
#include <string>

#include "velo/connectors/s3/options.h"
#include "velo/fileset/staging.h"
#include "velo/storage/s3_bucket.h"

namespace velo::s3 {

std::shared_ptr<fileset::Directory> make_prefix(
    const S3Options& options, std::shared_ptr<storage::S3Bucket> bucket);

}  // namespace velo::s3
