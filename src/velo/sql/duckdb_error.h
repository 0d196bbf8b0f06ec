#pragma once

/// What DuckDB says of a failure, as a message of ours.

#include <string>
#include <string_view>

#include "velo/connector.h"
#include "velo/sql/script.h"

namespace velo::sql {

/// Make a Status of DuckDB's error text, which is JSON (setting errors_as_json) after an
/// optional prefix. `begin` is where text() stands in what DuckDB was given. The names of
/// `registry`'s connectors are offered for a function that is not there.
///
///     {"exception_type":"Binder","exception_message":"…","position":"7","error_subtype":
///      "COLUMN_NOT_FOUND","name":"totl","candidates":"total"}
///
/// The kinds: Parser, Binder, Catalog … kInvalidArgument; Conversion, Out of Range …
/// kCorruptData; Not implemented kNotImplemented; Permission kPermissionDenied; Interrupt
/// kCancelled; Out of Memory, IO kSystem; INTERNAL and whatever is not known kInternal.
Status duckdb_error(std::string_view error, const SqlText& sql, size_t begin,
                    const Registry& registry);

/// The message alone, of such a text or of one that is no JSON.
std::string duckdb_message(std::string_view error);

}  // namespace velo::sql
