#pragma once

/// Reads a table and then its changes, as one split.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "velo/base/first_failure.h"
#include "velo/connectors/postgresql/cdc/captured_table.h"
#include "velo/connectors/postgresql/cdc/change_log.h"
#include "velo/connectors/postgresql/cdc/change_rows.h"
#include "velo/connectors/postgresql/cdc/change_stream.h"
#include "velo/connectors/postgresql/cdc/log_end.h"
#include "velo/connectors/postgresql/cdc/replication_slot.h"
#include "velo/connectors/postgresql/cdc/snapshot.h"
#include "velo/source.h"

namespace velo::postgresql {

/// Which changes are read.
struct ChangeBounds {
  /// Of the words `earliest` and `latest`, and for the end an LSN (16/B374D848).
  /// Errors: kInvalidArgument.
  static Result<ChangeBounds> parse(const ReadRange& range);

  bool ends() const { return ends_now || until.has_value(); }

  bool skips_rows = false;        ///< those that the table has now
  bool ends_now = false;          ///< behind what has changed by then
  std::optional<uint64_t> until;  ///< what has changed before this
};

/// First the rows that the table has, in one snapshot, which cannot be read again from
/// the middle; then what has changed since, transaction by transaction. The columns may
/// change in between.
/// Threads: as SplitReader.
class ChangeReader : public SplitReader {
 public:
  static Result<std::unique_ptr<SplitReader>> make(const PostgresqlOptions& options,
                                                   CapturedTable table,
                                                   const ChangeBounds& bounds,
                                                   const ReadOptions& read);

  Status assign(std::span<const SplitStart> splits) override;
  Result<Event> poll(const PollLimits& limits, std::stop_token stop) override;
  Status acknowledge(const Positions& positions) override;
  Lag lag() override;

 private:
  enum class Phase : int8_t { kWaiting, kSnapshot, kChanges, kEnding, kEnded };

  ChangeReader(const PostgresqlOptions& options, CapturedTable table,
               const ChangeBounds& bounds, const ReadOptions& read)
      : options_(options),
        table_(std::move(table)),
        bounds_(bounds),
        once_(read.once),
        columns_(read.columns),
        tells_schema_changes_(read.tells_schema_changes),
        tells_places_(read.tells_beginnings),
        names_(SlotNames::of(options, read.reader, read.process)),
        keeps_nothing_(read.once && read.reader.empty()),
        log_end_(options, names_.application()) {}

  Result<Event> next(const PollLimits& limits, const std::stop_token& stop);
  Result<Event> begin(const PollLimits& limits, const std::stop_token& stop);
  Status begin_snapshot(const std::stop_token& stop);
  Result<NewSlot> make_slot(Connection& connection, const std::stop_token& stop);
  Result<Event> begin_with_changes(const std::stop_token& stop);
  Result<std::optional<uint64_t>> end_of_changes(Connection& connection) const;
  Status begin_changes(const ChangePosition& from, const std::stop_token& stop);
  Result<Event> read_snapshot(const PollLimits& limits, const std::stop_token& stop);
  Result<Event> end_snapshot(const std::stop_token& stop);
  Result<Event> read_changes(const PollLimits& limits);
  Status take(const StreamMessage& message);
  Status take_change(std::string_view bytes);
  Result<Event> tell_columns(const PollLimits& limits);
  Result<std::shared_ptr<arrow::Schema>> adopt_columns();
  Result<Event> take_rows();
  bool is_at_end() const;
  bool has_enough(const PollLimits& limits) const;
  void leave_nothing();

  const PostgresqlOptions options_;
  CapturedTable table_;
  const ChangeBounds bounds_;
  const bool once_;
  const std::optional<std::vector<std::string>> columns_;  // those asked for
  const bool tells_schema_changes_;
  const bool tells_places_;
  SlotNames names_;
  const bool keeps_nothing_;  // only the snapshot is wanted, and never again
  std::unique_ptr<ChangeRows> rows_;
  std::optional<SplitStart> start_;
  Phase phase_ = Phase::kWaiting;
  std::unique_ptr<Connection> replication_;  // holds the snapshot, then streams
  std::unique_ptr<Snapshot> snapshot_;
  ChangePosition snapshot_position_;
  std::unique_ptr<ChangeStream> stream_;
  std::optional<ChangeLog> log_;
  std::optional<std::string> held_;  // a message of other columns, not taken yet
  std::optional<uint64_t> end_;      // where it ends, if it does
  // Where the log ended when it began, until it has said that it is there: an earlier run
  // may have been as far, and what it wrote waits for that.
  std::optional<uint64_t> to_tell_;
  LogEnd log_end_;
  uint64_t came_to_ = 0;  // where the last message is in the log
  std::optional<std::chrono::steady_clock::time_point> nothing_waited_at_;
  ChangePosition told_;  // of the last batch
  std::atomic<uint64_t> confirmed_{0};
  bool has_publication_ = false;
  FirstFailure failure_;
};

}  // namespace velo::postgresql
