#pragma once

/// Having the table that a sink writes follow the columns of the rows
/// (on_schema_change = evolve).

#include <arrow/type.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "velo/connectors/postgresql/client.h"
#include "velo/connectors/postgresql/options.h"
#include "velo/plan.h"

namespace velo::postgresql {

/// What a table lacks for rows. Nothing is taken away but NOT NULL.
struct TargetEvolution {
  struct Column {
    std::string row_name;  ///< as the rows have it
    std::string name;      ///< as the table has it
    std::string type;      ///< in SQL, which it gets
  };
  std::vector<Column> added;
  std::vector<Column> widened;
  /// Those that have to have a value, and get none by the rows.
  std::vector<std::string> relaxed;

  bool empty() const { return added.empty() && widened.empty() && relaxed.empty(); }

  /// The ALTER TABLE; not where there is nothing to do.
  std::string statement(const PostgresqlOptions& options) const;
};

/// Find out what the table, which is there, lacks. Errors: kSchemaMismatch for a column
/// whose type cannot be widened so that nothing is lost, or has no counterpart.
Result<TargetEvolution> find_evolution(Connection& connection,
                                       const PostgresqlOptions& options,
                                       const arrow::Schema& rows);

/// Do it, in the open transaction, which holds the table from then on; `tell` hears the
/// statement first.
Status evolve_target(Connection& connection, const PostgresqlOptions& options,
                     const arrow::Schema& rows,
                     const std::function<void(std::string_view)>& tell);

/// Bring a plan of the rows up to what is there after that.
void show_evolution(const TargetEvolution& evolution, const PostgresqlOptions& options,
                    SinkPlan& plan);

}  // namespace velo::postgresql
