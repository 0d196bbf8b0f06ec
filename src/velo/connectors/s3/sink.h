#pragma once

#include <memory>

#include "velo/connectors/s3/options.h"
#include "velo/error.h"
#include "velo/sink.h"

namespace velo::s3 {

/// One object, which appears at the end; or objects below a prefix, with Hive-style
/// partitions if asked. Errors: kNotFound where libcurl is not installed.
Result<std::unique_ptr<DataSink>> make_s3_sink(S3Options options);

}  // namespace velo::s3
