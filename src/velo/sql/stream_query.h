#pragma once

#include <memory>
#include <string>
#include <vector>

#include "velo/sql/duckdb_engine.h"
#include "velo/sql/held_rows.h"
#include "velo/sql/mapped_split_reader.h"
#include "velo/sql/open_source.h"
#include "velo/sql/script.h"

namespace velo::sql {

/// A SELECT over a source that can go on, and maybe others, which end: DuckDB runs it on
/// each batch of the first by itself, with the rows of the others held in memory.
/// Immutable; the engine outlives it.
class StreamQuery {
 public:
  /// `sources` are those that the SELECT has opened, and `stream` the one of them that
  /// can go on; `columns` of it are needed, none meaning all, see columns_of_stream().
  StreamQuery(DuckdbEngine& engine, SqlText select, const StatementSources& sources,
              std::shared_ptr<OpenSource> stream, std::vector<std::string> columns,
              const HoldOptions& hold);

  const std::shared_ptr<OpenSource>& stream() const { return stream_; }
  /// What its reader is asked for.
  const ReadOptions& read() const { return read_; }

  /// Prepare the SELECT for the batches of one reader of read(), as the source has them.
  /// Errors: as DuckdbEngine::prepare.
  Result<RowsFunction> prepare() const;

 private:
  DuckdbEngine& engine_;
  const SqlText select_;
  const std::shared_ptr<OpenSource> stream_;
  ReadOptions read_;
  std::shared_ptr<const StatementSources> sources_;  // the others are held
};

}  // namespace velo::sql
