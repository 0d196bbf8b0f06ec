#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "velo/error.h"
#include "velo/options.h"
#include "velo/uri.h"

namespace velo::postgresql {

/// What a PostgreSQL URI says, checked.
struct PostgresqlOptions {
  /// Keywords and values for libpq; what the URI leaves out comes from where psql looks:
  /// PG… of the environment, ~/.pgpass.
  std::vector<std::pair<std::string, std::string>> connection;
  std::string shown;     ///< the URI without options and secrets, for messages
  std::string identity;  ///< the URI without secrets
  std::string schema;
  std::string table;
  std::string query;             ///< source: instead of a table
  bool cdc = false;              ///< source: the table, and then its changes
  bool before = false;           ///< for cdc: also the row as it was before the change
  std::string slot;              ///< for cdc; empty: named after the reader
  std::string publication;       ///< for cdc; empty: named after the reader
  std::vector<std::string> key;  ///< sink: rows of the same key are replaced
  int64_t batch_rows = 0;

  /// Errors: kInvalidArgument, kNotImplemented, naming the option.
  static Result<PostgresqlOptions> from_uri(const Uri& uri, OptionUse use);

  static std::vector<OptionDescriptor> descriptors();

  /// The table's name as SQL has it: "sales"."orders".
  std::string table_name() const;
};

/// A name in double quotes, so that it means itself.
std::string quote_identifier(std::string_view name);

/// A text in single quotes.
std::string quote_literal(std::string_view text);

}  // namespace velo::postgresql
