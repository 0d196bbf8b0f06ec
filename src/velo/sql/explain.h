#pragma once

/// Plans as rows that a person reads.

#include <arrow/record_batch.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "velo/sql/select_planner.h"

namespace velo::sql {

struct ExplainedSink {
  std::string address;  ///< without secrets
  bool keeps_record = false;
};

/// How the rows of a SELECT come about: "way", "columns", "predicate" … `duckdb_plan` is
/// DuckDB's own (see plan_tree.h), empty on the short cut.
std::vector<std::pair<std::string, std::string>> steps_of(
    const SelectPlan& plan, const std::vector<std::string>& duckdb_plan);

/// What EXPLAIN shows of a statement: rows of `step` and `detail`. `duckdb_plan` is
/// DuckDB's own (see plan_tree.h), empty on the short cut.
Result<std::shared_ptr<arrow::RecordBatch>> explain_plan(
    const SelectPlan& plan, const std::vector<std::string>& duckdb_plan,
    const std::vector<ExplainedSink>& sinks);

}  // namespace velo::sql
