#pragma once

#include "velo/connector.h"

namespace velo::s3 {

/// Objects of S3: `s3://bucket/events/*.parquet`.
Connector s3_connector();

}  // namespace velo::s3
