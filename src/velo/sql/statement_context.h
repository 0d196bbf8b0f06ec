#pragma once

/// What the statements of a session share.

#include <cstdint>
#include <vector>

#include "velo/pipeline.h"
#include "velo/sql.h"
#include "velo/sql/select_planner.h"
#include "velo/sql/statement.h"
#include "velo/sql/statement_ends.h"

namespace velo::sql {

/// The options of a session, and the names that its statements have given. Threads:
/// thread-compatible.
class StatementContext {
 public:
  explicit StatementContext(SessionOptions options);

  /// Find out what holds for these where they do not say.
  Status read_defaults(const std::vector<Statement>& statements);

  const Registry& registry() const { return *options_.registry; }
  const Connections& connections() const { return options_.connections; }
  const StatementEnds& ends() const { return ends_; }
  SelectPlanner& planner() { return planner_; }

  /// What holds for a statement. Errors: those of read_pipeline_options().
  Result<RunOptions> options_of(const Statement& statement) const;

  /// Divide what there is for statements that do not say among so many that run at the
  /// same time. Errors: kInvalidArgument where that is too little for each.
  Status divide_memory(const std::vector<Statement>& statements, int64_t num_together);

  /// Whether somebody has said how much memory a statement has.
  bool is_memory_given(const Statement& statement) const;

  /// Whether the name of a CREATE is taken and IF NOT EXISTS lets that pass. Errors:
  /// kAlreadyExists where nothing does.
  Result<bool> is_there(const Statement& statement) const;

  /// Let later statements read what a CREATE has a name for; nothing is run.
  Status only_name(const Statement& statement);

 private:
  Status create_view(const Statement& statement);
  void limit_duckdb(const std::vector<Statement>& statements);

  const SessionOptions options_;
  RunOptions defaults_;
  bool is_memory_given_ = false;  // for statements that do not say
  const StatementEnds ends_;
  SelectPlanner planner_;
};

/// What is told of a statement before it runs.
StatementResult result_of(const Statement& statement);

/// Whether it writes somewhere under a name.
bool is_named_pipeline(const Statement& statement);

}  // namespace velo::sql
