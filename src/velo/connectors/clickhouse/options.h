#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "velo/error.h"
#include "velo/options.h"
#include "velo/streams.h"
#include "velo/uri.h"

namespace velo::clickhouse {

/// What a ClickHouse URI says, checked.
struct ClickhouseOptions {
  std::string address;  ///< of the HTTP interface: "http://localhost:8123/"
  std::string user;     ///< empty: the server's default
  std::string password;
  std::string database;
  std::string shown;     ///< the URI without options and secrets, for messages
  std::string identity;  ///< the URI without secrets
  std::string table;
  std::string query;             ///< source: instead of a table
  std::string engine;            ///< sink: of a table that is made
  std::vector<std::string> key;  ///< sink: what a table that is made is ordered by
  int64_t block_rows = 0;        ///< sink: most rows in one block
  int64_t writer_bytes = int64_t{128} << 20;  ///< sink: see DataSink::limit_memory

  /// What the URI leaves out comes from where clickhouse-client looks: CLICKHOUSE_USER
  /// and CLICKHOUSE_PASSWORD. Errors: kInvalidArgument, kNotImplemented, naming the
  /// option.
  static Result<ClickhouseOptions> from_uri(const Uri& uri, OptionUse use);

  static std::vector<OptionDescriptor> descriptors();

  /// A table of the database as SQL has it: `shop`.`orders`.
  std::string name_of(std::string_view table_name) const;
  std::string table_name() const { return name_of(table); }
};

/// The tables that a source's address names, each a stream with the fields `table` and
/// `database`. Asks no server. Errors: as ClickhouseOptions::from_uri().
Result<StreamList> list_tables(const Uri& uri, std::stop_token stop);

/// A name in backticks, so that it means itself.
std::string quote_identifier(std::string_view name);

/// A text in single quotes.
std::string quote_literal(std::string_view text);

}  // namespace velo::clickhouse
