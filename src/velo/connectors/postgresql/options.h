#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "velo/base/name_list.h"
#include "velo/error.h"
#include "velo/options.h"
#include "velo/uri.h"

namespace velo::postgresql {

/// What a PostgreSQL URI says, checked.
struct PostgresqlOptions {
  /// Keywords and values for libpq; what the URI leaves out comes from where psql looks:
  /// PG… of the environment, ~/.pgpass.
  std::vector<std::pair<std::string, std::string>> connection;
  std::string shown;  ///< the URI without options and secrets, for messages
  /// The URI without secrets; of a sink with schema and table, which are spelt one way.
  std::string identity;
  std::vector<NamePattern> schemas;  ///< as given: one of each is what is read or written
  std::vector<NamePattern> tables;
  std::string schema;  ///< that one
  std::string table;
  std::string query;             ///< source: instead of a table
  bool cdc = false;              ///< source: the table, and then its changes
  bool before = false;           ///< for cdc: also the row as it was before the change
  std::string slot;              ///< for cdc; empty: named after the reader
  std::string publication;       ///< for cdc; empty: named after the reader
  std::vector<std::string> key;  ///< sink: rows of the same key are replaced
  int64_t batch_rows = 0;

  /// Of one table, or a query.
  /// Errors: kInvalidArgument, kNotImplemented, naming the option.
  static Result<PostgresqlOptions> from_uri(const Uri& uri, OptionUse use);

  /// Of a source that may be several tables: `schema` and `table` stay empty. Errors: as
  /// from_uri().
  static Result<PostgresqlOptions> of_tables(const Uri& uri);

  static std::vector<OptionDescriptor> descriptors();

  /// The table's name as SQL has it: "sales"."orders".
  std::string table_name() const;

 private:
  static Result<PostgresqlOptions> read(const Uri& uri, OptionUse use);
};

/// Check that the server takes a name as it is: of one that has more bytes it leaves off
/// the rest, and means another. `what` it names: "table". Errors: kInvalidArgument.
Status check_name(std::string_view what, std::string_view name);

/// A name in double quotes, so that it means itself.
std::string quote_identifier(std::string_view name);

/// A text in single quotes.
std::string quote_literal(std::string_view text);

}  // namespace velo::postgresql
