#pragma once

/// The table that a sink writes.

#include <arrow/type.h>

#include <optional>
#include <string>
#include <vector>

#include "velo/connectors/clickhouse/client.h"
#include "velo/connectors/clickhouse/options.h"
#include "velo/plan.h"

namespace velo::clickhouse {

/// Two columns that `SELECT *` does not show: whose a row is, and of which attempt to
/// commit. 0 in rows of others.
inline constexpr char kPipelineColumn[] = "_velo_pipeline";
inline constexpr char kAttemptColumn[] = "_velo";

/// A table as it is found.
struct TargetTable {
  struct Column {
    std::string name;
    std::string type_name;
    std::optional<ColumnType> type;  // nullopt: cannot be written
  };

  bool exists = false;
  std::string engine;           ///< without its arguments
  std::vector<Column> columns;  ///< those that an INSERT may name
  bool has_marks = false;       ///< whether the two hidden columns are there
  std::string views;            ///< the materialized views that read it: "shop.a, shop.b"
  std::string server_zone;

  /// Why no more than at least once can be promised of it, even if it may be changed;
  /// empty where exactly once can.
  std::string obstacle() const;
};

/// Look at the table. Where it is not there, its engine is that of the options.
Result<TargetTable> find_target(Client& client, const ClickhouseOptions& options);

/// The columns that rows of a schema go into, in the schema's order: by name, exactly,
/// else without regard to case where that names one. For a table that is not there: those
/// it would have. Errors: kSchemaMismatch naming a column that the table does not have,
/// or whose values it could lose.
Result<std::vector<TableColumn>> columns_for(const TargetTable& target,
                                             const ClickhouseOptions& options,
                                             const arrow::Schema& schema);

/// Plan what columns_for(), and create_target() or add_marks(), would come to.
Result<SinkPlan> plan_target(const TargetTable& target, const ClickhouseOptions& options,
                             const arrow::Schema& schema, bool with_marks);

/// Make the table for rows of a schema where it is not there.
Status create_target(Client& client, const ClickhouseOptions& options,
                     const arrow::Schema& schema, bool with_marks);

/// Add the two hidden columns.
Status add_marks(Client& client, const ClickhouseOptions& options);

}  // namespace velo::clickhouse
