#pragma once

#include <stop_token>

#include "velo/error.h"
#include "velo/streams.h"
#include "velo/uri.h"

namespace velo::postgresql {

/// The tables that a source's address names, each a stream, with the fields `table`,
/// `schema` and, where it is known, `database`. The server is asked where a name has a
/// star: for tables, also partitioned ones, that the user may read; no views, no
/// partitions, none of the system's and none that hold our records. Errors:
/// kInvalidArgument, kNotFound where a pattern meets no table, those of the server.
Result<StreamList> list_tables(const Uri& uri, std::stop_token stop);

}  // namespace velo::postgresql
