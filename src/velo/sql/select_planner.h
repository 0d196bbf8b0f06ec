#pragma once

/// How a SELECT is run: by the short cut or by DuckDB.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "velo/connections.h"
#include "velo/connector.h"
#include "velo/sql/duckdb_engine.h"
#include "velo/sql/open_source.h"
#include "velo/sql/script.h"
#include "velo/sql/select_tree.h"
#include "velo/sql/short_cut.h"
#include "velo/sql/stream_query.h"

namespace velo::sql {

/// A SELECT ready to run. Exactly one of `source`, `stream` and `query` is set.
struct SelectPlan {
  std::shared_ptr<StatementSources> sources;
  std::shared_ptr<OpenSource> source;  ///< of the short cut
  SimpleSelect simple;                 ///< that
  ShortCut short_cut;
  std::unique_ptr<StreamQuery> stream;  ///< of batches that can come for ever
  std::unique_ptr<DuckdbQuery> query;
  std::shared_ptr<arrow::Schema> schema;  ///< of the result

  /// Open a reader of the result. Once. Of `who` it takes what the reader may hold.
  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& who);

  /// The source's splits where each row of the result comes of one row of it, so that
  /// their positions hold for the result too; else nullptr.
  SplitSource* splits() const;

  /// Whether the rows of the result never end.
  bool goes_on() const;

  /// Open a reader of the result by splits, where there are any. Of `who` it takes who
  /// reads, whether changes of the columns are told, and what the reader may hold.
  Result<std::unique_ptr<SplitReader>> create_split_reader(const ReadOptions& who) const;
};

struct PlanOptions {
  SourceOptions sources;
  /// Whether the result goes where changes are applied: see carried_changes.h.
  bool applies_changes = false;
  /// How often what a source that goes on is joined with is read again.
  std::optional<std::chrono::milliseconds> refresh;
};

/// Plans SELECTs, and knows the statements that they may name. Threads:
/// thread-compatible; its plans may be read on threads of their own. Outlives its plans.
class SelectPlanner {
 public:
  struct Options {
    int64_t memory_bytes = 0;  ///< of DuckDB
    int num_threads = 0;
    bool short_cut = true;
  };

  SelectPlanner(const Registry& registry, const Connections& connections, Options options)
      : registry_(registry), connections_(connections), options_(options) {}

  /// Let DuckDB have so much memory. No effect once there are names or plans, which are
  /// its own.
  void limit_memory(int64_t duckdb_bytes) {
    if (has_plans_ || !names_.empty() || options_.memory_bytes == duckdb_bytes) return;
    options_.memory_bytes = duckdb_bytes;
    engine_.reset();  // its configuration is locked
  }
  int64_t duckdb_bytes() const { return options_.memory_bytes; }
  /// The most of the rows that a source that goes on is joined with.
  int64_t held_bytes() const { return options_.memory_bytes / 2; }

  /// Plan a SELECT: open its sources, find its columns. Errors: kInvalidArgument with the
  /// line and a caret; kNotImplemented where a source goes on and the SELECT needs all of
  /// its rows, and where changes are to be carried and it is not simple; those of the
  /// sources.
  Result<SelectPlan> plan(const SqlText& select, const PlanOptions& options);

  /// DuckDB's plan of a SELECT, see plan_tree.h.
  Result<std::vector<std::string>> explain(const SqlText& select,
                                           const PlanOptions& options);

  /// The addresses that a SELECT reads itself, as they are written. Errors: as parsing in
  /// plan().
  Result<std::vector<Uri>> addresses_in(const SqlText& select);

  /// The names of statements that a SELECT reads, itself or by one without a sink; in
  /// lower case, each once. Errors: as parsing in plan().
  Result<std::vector<std::string>> names_in(const SqlText& select);

  /// Whether there is a statement of this name, in any case.
  bool has_name(const std::string& name) const;

  /// Give a name to the rows of a SELECT, which is planned, or of an address, which is
  /// not looked at before it is read. Replaces what had the name.
  Status add_name(const std::string& name, const SqlText& select);
  void add_name(const std::string& name, Uri uri);

 private:
  struct Named {
    std::string name;
    std::variant<SqlText, Uri> meaning;
  };

  Result<DuckdbEngine*> engine();
  const Named* find(const std::string& name) const;
  std::optional<Uri> address_of(const SimpleSelect& select) const;
  Result<SelectTree> parse(const SqlText& select);
  /// Let DuckDB know the names that a SELECT reads from.
  Status create_views(const SelectTree& tree,
                      const std::shared_ptr<StatementSources>& sources);
  std::shared_ptr<StatementSources> new_sources(const PlanOptions& options) const;
  static Status check_has_no_changes(const SqlText& select,
                                     const StatementSources& sources);
  Result<std::unique_ptr<StreamQuery>> plan_stream(
      const SqlText& select, const SelectTree& tree, const PlanOptions& options,
      const std::shared_ptr<StatementSources>& sources);

  const Registry& registry_;
  const Connections& connections_;
  Options options_;
  std::unique_ptr<DuckdbEngine> engine_;  // opened by the first SELECT
  bool has_plans_ = false;
  std::map<std::string, Named> names_;  // by the name in lower case
};

}  // namespace velo::sql
