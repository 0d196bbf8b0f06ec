#pragma once

/// What the suites of commits write.

#include <cstdint>
#include <memory>

#include "velo/testing/conformance/sink_process.h"

namespace velo::testing {

constexpr int64_t kBatchRows = 10;

/// A pipeline that no other test has.
PipelineIdentity new_pipeline(bool is_run = false);

/// Two splits of three batches, their rows by id from there on.
Splits two_splits(int64_t first_id = 0);
constexpr int64_t kRowsOfTwoSplits = 2 * 3 * kBatchRows;

/// Start a process, open its lanes and write one batch of each of two splits.
Result<std::unique_ptr<SinkProcess>> write_epoch(const SinkTest& test,
                                                 const PipelineIdentity& pipeline,
                                                 int64_t first_id = 0);
/// The rows of that.
Rows rows_of_epoch(int64_t first_id = 0);

/// Whether these are the rows that a reader sees.
::testing::AssertionResult has_rows(const SinkTest& test, const Rows& expected);

}  // namespace velo::testing
