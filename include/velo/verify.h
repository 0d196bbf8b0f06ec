#pragma once

/// Whether two systems hold the same rows.

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "velo/error.h"
#include "velo/source.h"

namespace velo {

struct VerifyOptions {
  /// The columns to compare; without them all. Meet by name: exactly, else whatever the
  /// case, where that leaves one.
  std::optional<std::vector<std::string>> columns;
  /// The columns that name a row, of which others say what it holds: what differs is then
  /// told by range of the first of them, and a changed row as one row. Without a key rows
  /// are compared as wholes.
  std::vector<std::string> key;
  /// The most differing rows to show.
  int64_t num_examples = 10;
};

/// Two columns that are compared.
struct ComparedColumn {
  std::string name;         ///< in the source
  std::string source_type;  ///< as schemas are written: "int64"
  std::string sink_type;
  std::string as;  ///< what values are compared as: "number"
  bool is_key = false;
};

/// What one side holds.
struct VerifiedSide {
  int64_t num_rows = 0;
  std::string hash;  ///< of all rows, in hexadecimal; whatever their order
};

/// Rows by the first column of the key that differ.
struct DifferingRange {
  std::optional<std::string> from;  ///< inclusive; without it from the first
  std::optional<std::string> to;    ///< exclusive; without it to the last
  int64_t source_rows = 0;
  int64_t sink_rows = 0;
};

/// One value of a row, as text; nullopt is NULL.
struct VerifiedValue {
  std::string column;
  std::optional<std::string> text;
};

/// Rows of one key, or without a key equal ones, that differ.
struct DifferingRow {
  int64_t source_rows = 0;  ///< how many there are in the source
  int64_t sink_rows = 0;
  std::vector<VerifiedValue> key;     ///< empty without a key
  std::vector<VerifiedValue> source;  ///< without the key; empty where there is none
  std::vector<VerifiedValue> sink;    ///< of one row each: those that differ
};

/// How many rows differ.
struct Differences {
  int64_t only_in_source = 0;
  int64_t only_in_sink = 0;
  int64_t changed = 0;   ///< of one key, once on each side
  int64_t repeated = 0;  ///< keys, or rows, that are there in another number
};

struct Verification {
  bool equal = false;
  std::vector<ComparedColumn> columns;
  std::vector<std::string> not_compared;  ///< columns of changes that one side lacks
  VerifiedSide source;
  VerifiedSide sink;
  // Where they are not equal, and can be read a second time.
  std::vector<DifferingRange> ranges;
  Differences differences;
  std::vector<DifferingRow> rows;
  /// Whether all differing rows were counted; else there are more.
  bool all_counted = false;
  /// Why there is less to tell, or what throws doubt on it; empty where there is nothing.
  std::string notice;
};

/// Compare what two sources hold now, as multisets of rows: each is read by its own
/// connector, in any order, once; a second time where they differ. Values are compared
/// as numbers, instants and so on, whatever type holds them, and are equal where nothing
/// was lost between the types. Needs about 64 MiB, however many rows there are.
///
/// Errors: kSchemaMismatch where a column has no counterpart, or one that it cannot be
/// compared with; kInvalidArgument for a source without an end; those of the sources;
/// kCancelled.
Result<Verification> verify(DataSource& source, DataSource& sink,
                            const VerifyOptions& options, std::stop_token stop = {});

}  // namespace velo
