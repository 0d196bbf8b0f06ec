#include "velo/testing/conformance/epochs.h"

#include "velo/base/random_id.h"

namespace velo::testing {

PipelineIdentity new_pipeline(bool is_run) {
  return {.id = "conformance_" + random_id(), .is_run = is_run};
}

Splits two_splits(int64_t first_id) {
  Splits splits;
  for (const SplitId split : {"a/1.csv", "b \"'\\,é☃/2"}) {
    for (int batch = 0; batch < 3; ++batch) {
      splits[split].push_back(named_rows(first_id, kBatchRows));
      first_id += kBatchRows;
    }
  }
  return splits;
}

Result<std::unique_ptr<SinkProcess>> write_epoch(const SinkTest& test,
                                                 const PipelineIdentity& pipeline,
                                                 int64_t first_id) {
  ARROW_ASSIGN_OR_RAISE(auto process, SinkProcess::start(test, pipeline));
  ARROW_RETURN_NOT_OK(process->open_lanes(2, named_schema()));
  ARROW_RETURN_NOT_OK(
      process->write("a", named_rows(first_id, kBatchRows), position_after(0)));
  ARROW_RETURN_NOT_OK(process->write("b", named_rows(first_id + kBatchRows, kBatchRows),
                                     position_after(0)));
  return process;
}

Rows rows_of_epoch(int64_t first_id) { return named_rows(first_id, 2 * kBatchRows); }

::testing::AssertionResult has_rows(const SinkTest& test, const Rows& expected) {
  const auto seen = test.read_back(expected->schema());
  if (!seen.ok()) return ::testing::AssertionFailure() << seen.status().ToString();
  return same_rows(*seen, expected);
}

}  // namespace velo::testing
