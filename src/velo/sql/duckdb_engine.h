#pragma once

/// DuckDB as the engine that runs SELECTs, over sources of ours.

#include <arrow/record_batch.h>

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "velo/connector.h"
#include "velo/sql/open_source.h"
#include "velo/sql/script.h"

namespace velo::sql {

/// A SELECT that DuckDB has understood.
/// Threads: thread-compatible.
class DuckdbQuery {
 public:
  virtual ~DuckdbQuery() = default;

  /// The columns of the result, in SQL types.
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;

  /// Run until the next rows are there: some thousands at a time; nullptr at the end.
  /// Errors: those of the sources as they reported them; DuckDB's own, kInvalidArgument
  /// with the line where it is known; kSystem when memory or the spilling disk is full;
  /// kCancelled.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> next(std::stop_token stop) = 0;

  /// After the end, without an error: run it again, with the next call of next().
  virtual void rewind() = 0;
};

/// An in-memory DuckDB without access to files or network: what a SELECT reads comes
/// through our connectors, each of which is a table function named by its scheme.
/// Threads: safe, but for create_view(), which is for one thread at a time; its queries
/// may run beside each other. Outlives its queries.
class DuckdbEngine {
 public:
  struct Options {
    int64_t memory_bytes = int64_t{128} << 20;
    int num_threads = 0;  ///< 0: as many as the machine has cores
  };

  /// Errors: as DuckdbLibrary::get(); kSystem.
  static Result<std::unique_ptr<DuckdbEngine>> open(const Options& options,
                                                    const Registry& registry);
  virtual ~DuckdbEngine() = default;

  /// Parse one SELECT; its tree as JSON (select_tree.h reads it).
  /// Errors: kInvalidArgument with the line and a caret.
  virtual Result<std::string> parse(const SqlText& select) = 0;

  /// Give a SELECT a name that later ones can read from. Replaces what had the name.
  virtual Status create_view(const std::string& name, const SqlText& select,
                             std::shared_ptr<StatementSources> sources) = 0;

  /// Let `name` read the source at `uri`.
  virtual Status create_view(const std::string& name, const Uri& uri,
                             std::shared_ptr<StatementSources> sources) = 0;

  /// Bind a SELECT: find its sources, columns and types.
  /// Errors: kInvalidArgument with the line and a caret; those of the sources.
  virtual Result<std::unique_ptr<DuckdbQuery>> prepare(
      const SqlText& select, std::shared_ptr<StatementSources> sources) = 0;

  /// DuckDB's plan of a SELECT as JSON (plan_tree.h reads it).
  virtual Result<std::string> explain(const SqlText& select,
                                      std::shared_ptr<StatementSources> sources) = 0;
};

}  // namespace velo::sql
