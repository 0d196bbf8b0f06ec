#pragma once

/// A planned SELECT as a source, so that it is copied as any other.

#include <memory>

#include "velo/source.h"
#include "velo/sql/select_planner.h"

namespace velo::sql {

/// The rows of `plan`. The first reader uses the plan; one more
/// plans `select` again, by the options that the plan was made with. The planner outlives
/// the source.
std::unique_ptr<DataSource> make_plan_source(SelectPlanner& planner, SqlText select,
                                             SelectPlan plan, const PlanOptions& options);

}  // namespace velo::sql
