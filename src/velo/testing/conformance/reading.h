#pragma once

/// How the suites read: each time by a source that is opened anew, as another program
/// would.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "velo/connector.h"
#include "velo/source.h"
#include "velo/testing/conformance/place.h"
#include "velo/testing/conformance/rows.h"

namespace velo::testing {

/// Write batches by the connector's plain writer, and finish it.
Status put(const Connector& connector, const Place& place, const std::vector<Rows>& rows);

/// Open the source of a place whose rows were written as `schema`.
Result<std::unique_ptr<DataSource>> open_source(
    const Connector& connector, const Place& place,
    const std::shared_ptr<arrow::Schema>& schema);

/// Take all batches of a reader.
Result<std::vector<Rows>> take_all(DataReader& reader);

/// Read what a place has now. Errors: kNotFound …
Result<std::vector<Rows>> read_all(const Connector& connector, const Place& place,
                                   const std::shared_ptr<arrow::Schema>& schema);

/// The same of one that may not be there, and then has no rows.
Result<std::vector<Rows>> read_place(const Connector& connector, const Place& place,
                                     const std::shared_ptr<arrow::Schema>& schema);

/// What a reader of splits has come to. Threads: thread-compatible.
class SplitReading {
 public:
  /// Begin to read all splits, each where `from` says, else at its beginning.
  static Result<std::unique_ptr<SplitReading>> start(DataSource& source,
                                                     const ReadOptions& options,
                                                     const Positions& from = {});

  /// Take one event more, new splits being looked for first.
  Result<Event> poll(const PollLimits& limits, const std::stop_token& stop = {});

  /// Poll until so many rows have come.
  Status read_rows(int64_t num_rows);
  /// Poll until all splits have ended.
  Status read_to_end();

  /// As they came, those without rows too.
  const std::vector<Batch>& batches() const { return batches_; }
  std::vector<Rows> rows() const;
  int64_t num_rows() const { return num_rows_; }
  /// Where each split is.
  const Positions& positions() const { return positions_; }
  const std::vector<SplitId>& splits() const { return splits_; }
  SplitReader& reader() { return *reader_; }

 private:
  SplitReading() = default;
  Status look_for_splits(std::chrono::milliseconds max_wait, const std::stop_token& stop);

  std::unique_ptr<SplitDiscovery> discovery_;
  std::unique_ptr<SplitReader> reader_;
  bool once_ = false;
  bool complete_ = false;
  Positions from_;
  std::vector<SplitId> splits_;
  std::vector<Batch> batches_;
  Positions positions_;
  int64_t num_rows_ = 0;
};

}  // namespace velo::testing
