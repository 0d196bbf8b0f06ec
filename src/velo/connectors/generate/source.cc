#include "velo/connectors/generate/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "velo/base/big_endian.h"
#include "velo/base/first_failure.h"

namespace velo::generate {
namespace {

// A table with a rate comes in steps of this length, or of one row.
constexpr int64_t kStepsPerSecond = 20;
// About the most that a row of any table takes.
constexpr int64_t kRowBytes = 256;

Result<std::vector<Column>> select_columns(const Table& table,
                                           const std::string& resource,
                                           const std::vector<std::string>& names) {
  std::vector<Column> columns;
  for (const std::string& name : names) {
    const auto found = std::ranges::find_if(table.columns, [&](const Column& column) {
      return column.field->name() == name;
    });
    if (found == table.columns.end()) {
      std::vector<std::string_view> known;
      for (const Column& column : table.columns) known.push_back(column.field->name());
      const std::string_view nearest = nearest_name(name, known);
      return make_error(
          ErrorKind::kInvalidArgument, {.connector = "generate", .resource = resource},
          nearest.empty()
              ? fmt::format("no column '{}'; the columns are {}", name,
                            fmt::join(known, ", "))
              : fmt::format("no column '{}', did you mean '{}'?", name, nearest));
    }
    columns.push_back(*found);
  }
  return columns;
}

// The one split: rows of the table from 0, and the position is the number of the next one
// as an unsigned 64-bit number, big-endian.
constexpr char kSplit[] = "rows";
constexpr size_t kPositionBytes = 8;

Position encode_position(int64_t next_row) {
  Position position;
  append_big_endian(position.bytes, static_cast<uint64_t>(next_row));
  return position;
}

Result<int64_t> decode_position(const Position& position) {
  if (position.bytes.size() == kPositionBytes) {
    return static_cast<int64_t>(read_big_endian<uint64_t>(position.bytes.data()));
  }
  return make_error(ErrorKind::kCorruptData, {.connector = "generate"},
                    "a position in a generated table has 8 bytes");
}

class TheRows : public SplitDiscovery {
 public:
  Result<NewSplits> poll(std::chrono::milliseconds, std::stop_token) override {
    NewSplits found{.added = {}, .complete = true};
    if (!std::exchange(found_, true)) found.added.push_back(kSplit);
    return found;
  }

 private:
  bool found_ = false;
};

class GenerateReader : public SplitReader {
 public:
  GenerateReader(const GenerateOptions& options, std::string name,
                 std::vector<Column> columns, int64_t num_rows, bool tells_beginnings,
                 Clock& clock)
      : name_(std::move(name)),
        columns_(std::move(columns)),
        seed_(options.seed),
        num_rows_(num_rows),
        batch_rows_(options.batch_rows),
        rows_per_second_(options.rows_per_second),
        tells_beginnings_(tells_beginnings),
        clock_(clock) {
    if (rows_per_second_ > 0) {
      const int64_t step = std::max<int64_t>(rows_per_second_ / kStepsPerSecond, 1);
      batch_rows_ = std::min(batch_rows_, step);
    }
  }

  Status assign(std::span<const SplitStart> splits) override {
    for (const SplitStart& split : splits) {
      is_assigned_ = true;
      if (!split.from) {
        is_at_beginning_ = tells_beginnings_;
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(next_row_, decode_position(split.from->position));
      has_ended_ = split.from->ended;
    }
    first_row_ = next_row_;
    return Status::OK();
  }

  Result<Event> poll(const PollLimits& limits, std::stop_token stop) override {
    return failure_.unless_failed([&] { return read_next(limits, stop); });
  }

  Status acknowledge(const Positions&) override { return Status::OK(); }

 private:
  Result<Event> read_next(const PollLimits& limits, const std::stop_token& stop) {
    if (limits.max_bytes == 0) return Idle();
    if (!is_assigned_ || has_ended_) return End();
    if (next_row_ >= num_rows_) {
      has_ended_ = true;
      return SplitEnded{kSplit, encode_position(next_row_)};
    }
    if (std::exchange(is_at_beginning_, false)) return read_rows(0);
    if (!has_begun_) begin_ = clock_.now();
    has_begun_ = true;
    ARROW_ASSIGN_OR_RAISE(const bool is_due, wait_for_turn(limits.max_wait, stop));
    if (!is_due) return Idle();
    const int64_t most_rows = std::max<int64_t>(limits.max_bytes / kRowBytes, 1);
    return read_rows(std::min({batch_rows_, most_rows, num_rows_ - next_row_}));
  }

  Result<Event> read_rows(int64_t num_rows) {
    ARROW_ASSIGN_OR_RAISE(auto batch,
                          make_rows(columns_, seed_, RowRange{next_row_, num_rows}));
    next_row_ += num_rows;
    return Batch{.rows = std::move(batch),
                 .split = kSplit,
                 .position = encode_position(next_row_)};
  }

  /// False when the next rows are not due in that time.
  Result<bool> wait_for_turn(std::chrono::milliseconds longest,
                             const std::stop_token& stop) {
    if (rows_per_second_ > 0) {
      const std::chrono::duration<double> due(
          static_cast<double>(next_row_ - first_row_) /
          static_cast<double>(rows_per_second_));
      const Clock::Time turn =
          begin_ + std::chrono::duration_cast<std::chrono::nanoseconds>(due);
      const Clock::Time latest = clock_.now() + longest;
      if (clock_.wait_until(std::min(turn, latest), stop)) return turn <= latest;
    } else if (!stop.stop_requested()) {
      return true;
    }
    return make_error(ErrorKind::kCancelled, {.connector = "generate", .resource = name_},
                      "stopped");
  }

  const std::string name_;
  const std::vector<Column> columns_;
  const uint64_t seed_;
  const int64_t num_rows_;
  int64_t batch_rows_;
  const int64_t rows_per_second_;
  const bool tells_beginnings_;
  Clock& clock_;
  Clock::Time begin_{};
  int64_t first_row_ = 0;
  int64_t next_row_ = 0;
  bool is_assigned_ = false;
  bool is_at_beginning_ = false;  // and has to say so
  bool has_begun_ = false;
  bool has_ended_ = false;
  FirstFailure failure_;
};

}  // namespace

std::string describe_position(std::string_view, const Position& position) {
  const auto row = decode_position(position);
  return row.ok() ? fmt::format("row {}", *row) : "";
}

Result<std::unique_ptr<DataSource>> GenerateSource::make(const Uri& uri, Clock& clock) {
  ARROW_ASSIGN_OR_RAISE(const GenerateOptions options, GenerateOptions::from_uri(uri));
  return std::unique_ptr<DataSource>(
      new GenerateSource(options, redact_uri({.scheme = uri.scheme, .path = uri.path}),
                         redact_uri(uri), clock));
}

Result<std::shared_ptr<arrow::Schema>> GenerateSource::fetch_schema() {
  return schema_of(options_.table->columns);
}

Result<std::unique_ptr<DataReader>> GenerateSource::create_reader(
    const ReadOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const auto columns, columns_of(options));
  ARROW_ASSIGN_OR_RAISE(auto discovery, discover());
  ARROW_ASSIGN_OR_RAISE(auto reader, create_split_reader(options));
  return read_all_splits(std::move(discovery), std::move(reader), schema_of(columns),
                         options);
}

Result<std::unique_ptr<SplitDiscovery>> GenerateSource::discover() {
  return std::make_unique<TheRows>();
}

Result<std::unique_ptr<SplitReader>> GenerateSource::create_split_reader(
    const ReadOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto columns, columns_of(options));
  const int64_t limit = std::max<int64_t>(options.limit.value_or(options_.num_rows), 0);
  return std::make_unique<GenerateReader>(options_, name_, std::move(columns),
                                          std::min(limit, options_.num_rows),
                                          options.tells_beginnings, clock_);
}

Result<std::vector<Column>> GenerateSource::columns_of(const ReadOptions& options) const {
  if (!options.columns) return options_.table->columns;
  return select_columns(*options_.table, name_, *options.columns);
}

}  // namespace velo::generate
