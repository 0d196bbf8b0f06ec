#include "velo/connectors/iceberg/source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "velo/base/first_failure.h"
#include "velo/base/parse_number.h"
#include "velo/base/read_bound.h"
#include "velo/base/rows_to_skip.h"
#include "velo/connectors/iceberg/catalog.h"
#include "velo/connectors/iceberg/check.h"
#include "velo/connectors/iceberg/data_file_reader.h"
#include "velo/connectors/iceberg/scan.h"

namespace velo::iceberg {
namespace {

/// A table, and the snapshot of it that is wanted, as they were when first looked at.
struct OpenTable {
  std::string name;  ///< for messages
  TableMetadata metadata;
  std::unique_ptr<FileIo> files;
  ScanRange range;       ///< what is wanted of it
  bool is_past = false;  ///< whether the end was named, and may have been passed before
  const TableSchema* schema = nullptr;
};

Result<std::optional<int64_t>> wanted_snapshot(const IcebergOptions& options,
                                               const TableMetadata& metadata) {
  if (options.snapshot_id) {
    if (metadata.find_snapshot(*options.snapshot_id)) return options.snapshot_id;
    return make_error(
        ErrorKind::kNotFound, {.connector = "iceberg", .resource = options.shown},
        fmt::format("there is no snapshot {} in it (any more)", *options.snapshot_id));
  }
  const auto snapshot = metadata.ref(options.branch);
  if (snapshot || options.branch == kMainBranch) return snapshot;
  return make_error(ErrorKind::kNotFound,
                    {.connector = "iceberg", .resource = options.shown},
                    fmt::format("it has no branch or tag '{}'", options.branch));
}

// A snapshot that one end of a range names, in the history of `newest`; nullopt for one
// before the first. A time is that of the newest that is older.
Result<std::optional<int64_t>> find_bound(const TableMetadata& metadata,
                                          std::optional<int64_t> newest,
                                          std::string_view option, const ReadBound& bound,
                                          const std::string& shown) {
  using Kind = ReadBound::Kind;
  if (bound.kind == Kind::kNone || bound.kind == Kind::kEarliest) return std::nullopt;
  if (bound.kind == Kind::kLatest) return newest;
  const auto fail = [&](ErrorKind kind, const std::string& what) {
    return make_error(kind, {.connector = "iceberg", .resource = shown},
                      fmt::format("{} = {}: {}", option, bound.text, what));
  };
  const auto history = metadata.history(newest);
  if (bound.kind == Kind::kTime) {
    for (const Snapshot* snapshot : history) {
      const std::chrono::milliseconds made(snapshot->timestamp_ms);
      if (made < bound.time.time_since_epoch()) return snapshot->id;
    }
    if (history.empty() || !history.back()->parent_id) return std::nullopt;
    return fail(ErrorKind::kPositionLost,
                "the snapshots of that time were expired; the oldest that there is, is " +
                    std::to_string(history.back()->id));
  }
  const auto id = parse_number<int64_t>(bound.text);
  if (!id) {
    return fail(ErrorKind::kInvalidArgument,
                "earliest, latest, a time (2026-01-31T12:00:00Z) or the id of a snapshot "
                "is expected");
  }
  if (std::ranges::count(history, *id, &Snapshot::id) > 0) return id;
  return fail(ErrorKind::kNotFound,
              "there is no such snapshot in the history of this branch (any more)");
}

// Of what was wanted: rows that were added since `from`, as of `until`.
Status narrow(OpenTable& table, const ReadRange& wanted, const std::string& shown) {
  ARROW_RETURN_NOT_OK(check_range(wanted));
  const auto newest = table.range.snapshot;
  const auto until = ReadBound::parse(wanted.until);
  if (until.kind != ReadBound::Kind::kNone) {
    ARROW_ASSIGN_OR_RAISE(table.range.snapshot,
                          find_bound(table.metadata, newest, "until", until, shown));
    table.is_past = true;
  }
  const auto from = ReadBound::parse(wanted.from);
  ARROW_ASSIGN_OR_RAISE(table.range.after,
                        find_bound(table.metadata, newest, "from", from, shown));
  const ScanRange& range = table.range;
  if (!range.after ||
      (range.snapshot && is_ancestor(table.metadata, *range.after, *range.snapshot))) {
    return Status::OK();
  }
  return make_error(
      ErrorKind::kInvalidArgument, {.connector = "iceberg", .resource = shown},
      fmt::format("from = {} is behind until = {}", wanted.from, wanted.until));
}

Result<std::shared_ptr<OpenTable>> open_table(const IcebergOptions& options,
                                              const ReadRange& wanted,
                                              const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const auto catalog,
                        open_catalog(options, /*creates=*/false, stop));
  ARROW_ASSIGN_OR_RAISE(LoadedTable loaded, load_table(*catalog, options));
  auto table = std::make_shared<OpenTable>();
  table->name = options.table.shown();
  table->metadata = std::move(loaded.metadata);
  ARROW_ASSIGN_OR_RAISE(table->files, open_file_io(table->metadata.location,
                                                   options.storage, loaded.storage));
  ARROW_ASSIGN_OR_RAISE(table->range.snapshot, wanted_snapshot(options, table->metadata));
  ARROW_RETURN_NOT_OK(narrow(*table, wanted, options.shown));
  table->schema = &table->metadata.schema();
  if (!options.snapshot_id) return table;
  // Time travel shows the columns of that time.
  const auto id = table->metadata.find_snapshot(*options.snapshot_id)->schema_id;
  const auto found = table->metadata.schemas.find(id.value_or(table->schema->id));
  if (found != table->metadata.schemas.end()) table->schema = &found->second;
  return table;
}

Result<WantedColumns> wanted_columns(
    const OpenTable& table, const std::optional<std::vector<std::string>>& names) {
  WantedColumns wanted{.columns = table.schema->columns,
                       .schema = nullptr,
                       .identity_partition_ids = table.metadata.identity_partition_ids};
  if (names) wanted.columns.clear();
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    const auto found = std::ranges::find(table.schema->columns, name, &Column::name);
    if (found == table.schema->columns.end()) {
      return make_error(ErrorKind::kInvalidArgument,
                        {.connector = "iceberg", .resource = table.name},
                        fmt::format("there is no column '{}'", name));
    }
    wanted.columns.push_back(*found);
  }
  ARROW_ASSIGN_OR_RAISE(wanted.schema,
                        arrow_schema_of({.id = 0, .columns = wanted.columns}));
  return wanted;
}

// The table is one split: what is read is decided for all of its files together, so that
// files that are rewritten between two runs are not read twice.
class TableDiscovery : public SplitDiscovery {
 public:
  explicit TableDiscovery(SplitId split) : split_(std::move(split)) {}

  Result<NewSplits> poll(std::chrono::milliseconds, std::stop_token) override {
    NewSplits found{.added = {}, .complete = true};
    if (!std::exchange(is_told_, true)) found.added.push_back(split_);
    return found;
  }

 private:
  const SplitId split_;
  bool is_told_ = false;
};

class TableReader : public SplitReader {
 public:
  TableReader(std::shared_ptr<const OpenTable> table, WantedColumns wanted)
      : table_(std::move(table)), wanted_(std::move(wanted)) {}

  Status assign(std::span<const SplitStart> splits) override {
    for (const SplitStart& split : splits) {
      split_ = split.split;
      is_ended_ = false;
      ARROW_RETURN_NOT_OK(begin(split.from));
    }
    return Status::OK();
  }

  Result<Event> poll(const PollLimits& limits, std::stop_token stop) override {
    return failure_.unless_failed([&] { return read_next(limits, stop); });
  }

  Status acknowledge(const Positions&) override { return Status::OK(); }

 private:
  Status begin(const std::optional<SplitProgress>& from) {
    const auto newest = table_->range.snapshot;
    if (!from) return plan(table_->range);
    ARROW_ASSIGN_OR_RAISE(const ScanPosition before,
                          ScanPosition::decode(from->position));
    ARROW_RETURN_NOT_OK(check_is_of(table_->metadata, before, table_->name));
    const auto& last = before.range.snapshot;
    const bool is_passed =
        table_->is_past &&
        (!newest || (last && is_ancestor(table_->metadata, *newest, *last)));
    if (from->ended && (last == newest || is_passed)) {
      position_ = before;
      return Status::OK();
    }
    if (from->ended) return plan({.after = last, .snapshot = newest});
    ARROW_RETURN_NOT_OK(plan(before.range));
    if (before.file > files_.size()) {
      return make_error(ErrorKind::kCorruptData,
                        {.connector = "iceberg", .resource = table_->name},
                        "the position to go on from is behind the last file");
    }
    position_ = before;
    rows_to_skip_ = RowsToSkip(before.row);
    return Status::OK();
  }

  Status plan(const ScanRange& range) {
    ARROW_ASSIGN_OR_RAISE(
        files_, plan_files(*table_->files, table_->metadata, range, table_->name));
    position_ = {.order = order_of(table_->metadata, range),
                 .range = range,
                 .table_uuid = table_->metadata.uuid};
    return Status::OK();
  }

  Result<Event> read_next(const PollLimits& limits, const std::stop_token& stop) {
    if (limits.max_bytes == 0) return Idle();
    while (true) {
      if (is_ended_) return End();
      if (!file_) {
        if (position_.file >= files_.size()) {
          is_ended_ = true;
          return SplitEnded{split_, position_.encode()};
        }
        ARROW_ASSIGN_OR_RAISE(
            file_,
            DataFileReader::open(*table_->files, files_[position_.file], wanted_, stop));
      }
      ARROW_ASSIGN_OR_RAISE(auto rows, file_->next(stop));
      if (!rows) {
        file_.reset();
        ++position_.file;
        position_.row = 0;
        rows_to_skip_ = RowsToSkip();
        continue;
      }
      rows = rows_to_skip_.rest_of(std::move(rows));
      if (!rows) continue;
      position_.row += static_cast<uint64_t>(rows->num_rows());
      return Batch{
          .rows = std::move(rows), .split = split_, .position = position_.encode()};
    }
  }

  const std::shared_ptr<const OpenTable> table_;
  const WantedColumns wanted_;
  SplitId split_;
  std::vector<DataFile> files_;
  ScanPosition position_;
  RowsToSkip rows_to_skip_;
  std::unique_ptr<DataFileReader> file_;  // files_[position_.file]
  bool is_ended_ = true;
  FirstFailure failure_;
};

class IcebergSource : public DataSource, public SplitSource {
 public:
  explicit IcebergSource(IcebergOptions options) : options_(std::move(options)) {}

  void set_stop(std::stop_token stop) override { stop_ = std::move(stop); }

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    ARROW_RETURN_NOT_OK(open());
    return arrow_schema_of(*table_->schema);
  }

  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& read) override {
    ARROW_RETURN_NOT_OK(open());
    ARROW_ASSIGN_OR_RAISE(WantedColumns wanted, wanted_columns(*table_, read.columns));
    wanted.memory_bytes = read.memory_bytes;
    auto schema = wanted.schema;
    return read_all_splits(std::make_unique<TableDiscovery>(table_->name),
                           std::make_unique<TableReader>(table_, std::move(wanted)),
                           std::move(schema), read);
  }

  Status set_range(const ReadRange& range) override {
    if (options_.snapshot_id) {
      return make_error(ErrorKind::kInvalidArgument,
                        {.connector = "iceberg", .resource = options_.shown},
                        "snapshot_id= and from or until: give until the id instead");
    }
    range_ = range;
    return check_range(range);
  }

  bool supports_streaming() const override { return false; }
  bool supports_batch() const override { return true; }
  SplitSource* splits() override { return this; }

  void check(CheckReport& report, std::stop_token stop) override {
    check_reading(options_, report, stop);
  }

  std::string identity() const override { return options_.identity; }

  Result<std::unique_ptr<SplitDiscovery>> discover() override {
    return std::make_unique<TableDiscovery>(options_.table.shown());
  }

  Result<std::unique_ptr<SplitReader>> create_split_reader(
      const ReadOptions& read) override {
    ARROW_RETURN_NOT_OK(open());
    ARROW_ASSIGN_OR_RAISE(WantedColumns wanted, wanted_columns(*table_, read.columns));
    wanted.memory_bytes = read.memory_bytes;
    return std::make_unique<TableReader>(table_, std::move(wanted));
  }

 private:
  Status open() {
    if (table_) return Status::OK();
    return open_table(options_, range_, stop_).Value(&table_);
  }

  const IcebergOptions options_;
  std::stop_token stop_;
  ReadRange range_;
  std::shared_ptr<OpenTable> table_;
};

}  // namespace

std::unique_ptr<DataSource> make_iceberg_source(IcebergOptions options) {
  return std::make_unique<IcebergSource>(std::move(options));
}

}  // namespace velo::iceberg
