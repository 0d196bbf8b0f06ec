#pragma once

#include <memory>

#include "velo/connectors/iceberg/options.h"
#include "velo/sink.h"

namespace velo::iceberg {

/// Rows appended to a table, which is made where it is not there.
std::unique_ptr<DataSink> make_iceberg_sink(IcebergOptions options);

}  // namespace velo::iceberg
