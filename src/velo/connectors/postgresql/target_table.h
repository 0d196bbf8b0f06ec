#pragma once

/// The table that a sink writes.

#include <arrow/type.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "velo/connectors/postgresql/client.h"
#include "velo/connectors/postgresql/options.h"
#include "velo/plan.h"

namespace velo::postgresql {

/// The columns that rows of a schema go into, in the schema's order; of changes that are
/// applied (staged_changes.h), those of the changed rows.
struct TargetColumns {
  std::vector<ResultColumn> columns;
  bool exists = true;  ///< whether the table is there; else `columns` are what it will be
};

/// The columns that a table has for rows of a schema. Errors: kSchemaMismatch for changes
/// that lack a part of what they are applied by.
Result<std::shared_ptr<arrow::Schema>> columns_of_target(const PostgresqlOptions& options,
                                                         const arrow::Schema& rows);

/// The type of a column that is made for rows' column. Errors: kSchemaMismatch where
/// there is none, or it cannot have that name.
Result<std::string> type_of_new_column(const arrow::Field& field);

/// The one that a name means; nullptr where it means none, or may mean two.
const ResultColumn* find_column(const std::vector<ResultColumn>& columns,
                                const std::string& name);

/// Find the columns of the table for rows of `schema`: by name, exactly, else without
/// regard to case where that names one. Errors: kSchemaMismatch naming a column that the
/// table does not have, or whose values it could lose.
Result<TargetColumns> find_target_columns(Connection& connection,
                                          const PostgresqlOptions& options,
                                          const arrow::Schema& schema);

/// Plan what find_target_columns() and create_target_table() would come to. Errors:
/// kSchemaMismatch where the rows as a whole do not fit.
Result<SinkPlan> plan_target(Connection& connection, const PostgresqlOptions& options,
                             const arrow::Schema& schema);

/// Make the table where it is not there; with a key, as its primary key.
Status create_target_table(Connection& connection, const PostgresqlOptions& options,
                           const arrow::Schema& schema);

}  // namespace velo::postgresql
