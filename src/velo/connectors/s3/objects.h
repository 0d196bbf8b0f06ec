#pragma once

/// Objects of a bucket, as a source reads them.

#include <memory>

#include "velo/connectors/s3/options.h"
#include "velo/fileset/file_store.h"
#include "velo/storage/s3_bucket.h"

namespace velo::s3 {

/// Those that the options mean: the object of that key; those whose keys match a pattern;
/// or all of a known format (or of `format=`) below a prefix, hidden ones and `_velo/`
/// left out.
std::shared_ptr<fileset::FileStore> make_objects(S3Options options);

}  // namespace velo::s3
