#pragma once

#include <memory>

#include "velo/connectors/postgresql/options.h"
#include "velo/sink.h"

namespace velo::postgresql {

/// A table: rows are appended, or with `key` replace those of their keys. It is made
/// where it is not there. Threads: thread-compatible.
std::unique_ptr<DataSink> make_postgresql_sink(PostgresqlOptions options);

}  // namespace velo::postgresql
