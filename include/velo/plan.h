#pragma once

/// What would become of rows at a sink, known before any is written.

#include <string>
#include <vector>

namespace velo {

/// What becomes of one column of the rows.
struct PlannedColumn {
  std::string name;
  std::string type = {};         ///< as schemas are written: "int64"
  std::string target = {};       ///< what it is called there; empty where it has no place
  std::string target_type = {};  ///< in the sink's words: "bigint"
  std::string refusal = {};      ///< why it cannot be written; empty where it can
};

/// What a sink would do for rows. Nothing of it is done.
struct SinkPlan {
  std::vector<PlannedColumn> columns;   ///< one for each of the rows', in their order
  std::vector<std::string> statements;  ///< DDL, in its order
  std::vector<std::string>
      makes;  ///< what else would be made: "topic orders, 1 partition"
};

}  // namespace velo
