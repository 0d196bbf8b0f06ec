#include "velo/connectors/postgresql/cdc/source.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <utility>

#include "velo/base/stop_scope.h"
#include "velo/connectors/postgresql/cdc/captured_table.h"
#include "velo/connectors/postgresql/cdc/change_reader.h"
#include "velo/connectors/postgresql/cdc/replication_slot.h"
#include "velo/connectors/postgresql/check.h"

namespace velo::postgresql {
namespace {

class OneTable : public SplitDiscovery {
 public:
  explicit OneTable(SplitId split) : split_(std::move(split)) {}

  Result<NewSplits> poll(std::chrono::milliseconds, std::stop_token) override {
    NewSplits found{.added = {}, .complete = true};
    if (!std::exchange(is_known_, true)) found.added.push_back(split_);
    return found;
  }

 private:
  const SplitId split_;
  bool is_known_ = false;
};

// Greater than the number of any process.
constexpr uint64_t kNewest = 999'999'999'999'999'999;

class ChangeSource : public DataSource, public SplitSource {
 public:
  explicit ChangeSource(PostgresqlOptions options) : options_(std::move(options)) {}

  void set_stop(std::stop_token stop) override { stop_ = std::move(stop); }

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    ARROW_RETURN_NOT_OK(find_table());
    return table_->change_schema();
  }

  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& read) override {
    ARROW_RETURN_NOT_OK(find_table());
    ARROW_ASSIGN_OR_RAISE(auto rows, ChangeRows::make(*table_, read.columns));
    ARROW_ASSIGN_OR_RAISE(const auto none, rows->take());
    ARROW_ASSIGN_OR_RAISE(auto discovery, discover());
    ARROW_ASSIGN_OR_RAISE(auto reader, create_split_reader(read));
    return read_all_splits(std::move(discovery), std::move(reader), none->schema(), read);
  }

  Status set_range(const ReadRange& range) override {
    return ChangeBounds::parse(range).Value(&bounds_);
  }

  bool supports_streaming() const override { return !bounds_.ends(); }
  bool supports_batch() const override { return true; }
  SplitSource* splits() override { return this; }

  void check(CheckReport& report, std::stop_token stop) override {
    check_reading_changes(options_, report, stop);
  }

  std::string identity() const override { return options_.identity; }

  Result<std::unique_ptr<SplitDiscovery>> discover() override {
    ARROW_RETURN_NOT_OK(find_table());
    return std::make_unique<OneTable>(table_->split());
  }

  Result<std::unique_ptr<SplitReader>> create_split_reader(
      const ReadOptions& read) override {
    ARROW_RETURN_NOT_OK(find_table());
    return ChangeReader::make(options_, *table_, bounds_, read);
  }

  std::vector<std::string> kept_for(const std::string& reader) const override {
    const SlotNames names = SlotNames::of(options_, reader, /*process=*/0);
    const std::string ours = "velo_" + reader + "_…";
    std::vector<std::string> kept = {
        fmt::format("replication slot {}", names.owns_slot ? ours : names.slot)};
    if (names.owns_publication) kept.push_back("publication " + ours);
    return kept;
  }

  Status forget(const std::string& reader) override {
    ARROW_RETURN_NOT_OK(withdraw(reader, kNewest));
    if (options_.slot.empty()) return Status::OK();
    const SlotNames names = SlotNames::of(options_, reader, kNewest);
    ARROW_ASSIGN_OR_RAISE(const auto connection,
                          Connection::open(options_, names.application()));
    return drop_slot(*connection, options_, names, {});
  }

  // A slot that a user has named may be the newer process's: that it was made again, and
  // by whom, cannot be seen.
  Status withdraw(const std::string& reader, uint64_t process) override {
    const SlotNames names = SlotNames::of(options_, reader, process);
    ARROW_ASSIGN_OR_RAISE(const auto connection,
                          Connection::open(options_, names.application()));
    return drop_made_below(process + 1, *connection, options_, names, {});
  }

 private:
  Status find_table() {
    if (table_) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto connection,
                          Connection::open(options_, "velo", stop_));
    const StopScope scope(*connection, stop_);
    ARROW_ASSIGN_OR_RAISE(table_, find_captured_table(*connection, options_));
    return Status::OK();
  }

  const PostgresqlOptions options_;
  std::stop_token stop_;
  ChangeBounds bounds_;
  std::optional<CapturedTable> table_;
};

}  // namespace

std::unique_ptr<DataSource> make_change_source(PostgresqlOptions options) {
  return std::make_unique<ChangeSource>(std::move(options));
}

}  // namespace velo::postgresql
