#include "velo/connectors/iceberg/committer.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "velo/base/random_id.h"
#include "velo/base/stop_scope.h"
#include "velo/connectors/iceberg/append.h"
#include "velo/connectors/iceberg/epoch_writer.h"
#include "velo/connectors/iceberg/leftovers.h"
#include "velo/connectors/iceberg/record.h"
#include "velo/connectors/iceberg/scan.h"
#include "velo/connectors/iceberg/table_hold.h"

namespace velo::iceberg {
namespace {

// More go into a file of their own.
constexpr size_t kMaxPositionsInSummary = 8192;

class TableCommitter : public Committer {
 public:
  TableCommitter(const IcebergOptions& options, const PipelineIdentity& pipeline,
                 CommitObserver& observer)
      : options_(options),
        pipeline_(pipeline.id),
        observer_(observer),
        hold_(options, pipeline) {}

  Result<CommitRecord> look(std::stop_token stop) override {
    const StopScope scope(hold_, std::move(stop));
    ARROW_ASSIGN_OR_RAISE(const auto found, hold_.look());
    if (!found) return CommitRecord();
    ARROW_RETURN_NOT_OK(check_is_in_branch(found->table.metadata, found->tag));
    return record_of(*found);
  }

  Result<CommitRecord> read_record(std::stop_token stop) override {
    const StopScope scope(hold_, std::move(stop));
    ARROW_ASSIGN_OR_RAISE(const auto found, hold_.look());
    if (!found) return CommitRecord();
    return record_of(*found);
  }

  Result<CommitRecord> recover(std::stop_token stop) override {
    const StopScope scope(hold_, std::move(stop));
    return take_over();
  }

  bool commits_once() const override { return false; }

  Result<std::unique_ptr<EpochWriter>> create_writer(
      int lane, const std::shared_ptr<arrow::Schema>& schema,
      std::stop_token stop) override {
    const StopScope scope(hold_, std::move(stop));
    if (!hold_.has_table()) ARROW_RETURN_NOT_OK(make_table(*schema));
    ARROW_ASSIGN_OR_RAISE(const LoadedTable table, hold_.load());
    ARROW_ASSIGN_OR_RAISE(
        ColumnPlan plan,
        ColumnPlan::make(options_.table.shown(), table.metadata.schema(), *schema));
    return make_epoch_writer({.files = hold_.files(),
                              .directory = table.metadata.data_location(),
                              .prefix = hold_.prefix(),
                              .incarnation = record_.incarnation,
                              .fence = record_.fence,
                              .epoch = record_.epoch + 1,
                              .lane = lane,
                              .memory_bytes = options_.writer_bytes},
                             std::move(plan));
  }

  Status commit(const CommitRecord& given, std::span<const CommitToken> tokens) override {
    if (given.epoch <= record_.epoch) {
      return make_error(ErrorKind::kInternal,
                        {.connector = "iceberg", .resource = options_.table.shown()},
                        fmt::format("epoch {} was committed before", given.epoch));
    }
    CommitRecord record = given;
    record.pipeline = pipeline_;
    record.incarnation = record_.incarnation;
    record.fence = record_.fence;
    std::vector<DataFile> added;
    for (const CommitToken& token : tokens) {
      ARROW_ASSIGN_OR_RAISE(const auto files, decode_token(token));
      added.insert(added.end(), files.begin(), files.end());
    }
    CommitRecord whole = record;
    whole.positions.insert(record_.positions.begin(), record_.positions.end());
    whole.num_rows += record_.num_rows;
    Positions moved = record.positions;
    moved.insert(moved_.begin(), moved_.end());

    ARROW_ASSIGN_OR_RAISE(const LoadedTable table, hold_.load());
    const std::string name =
        fmt::format("{}/{}f{}-e{}-{}", table.metadata.metadata_location(), hold_.prefix(),
                    record.fence, record.epoch, record.incarnation);
    PositionsFile base = base_;
    if (size_in_summary(moved) > kMaxPositionsInSummary) {
      ARROW_ASSIGN_OR_RAISE(base, write_positions(*hold_.files(), name + "-positions.zst",
                                                  whole.positions));
      moved.clear();
    }
    ARROW_ASSIGN_OR_RAISE(
        const Append append,
        prepare_append(*hold_.files(), table.metadata, name, std::move(added),
                       summary_of(record, options_.branch, whole.num_rows, moved, base)));
    ARROW_RETURN_NOT_OK(hold_.publish(append));
    observer_.reached(CommitStep::kAfterPublish);
    record_ = std::move(whole);
    moved_ = std::move(moved);
    base_ = std::move(base);
    return Status::OK();
  }

  Status forget() override {
    CommitRecord end = record_;
    end.epoch += 1;
    end.num_rows = 0;
    Summary summary = summary_of(end, options_.branch, record_.num_rows, {}, {});
    return hold_.release(as_forgotten(std::move(summary)));
  }

 private:
  Result<CommitRecord> take_over() {
    record_ = {.pipeline = pipeline_, .incarnation = new_incarnation_};
    moved_.clear();
    base_ = {};
    ARROW_RETURN_NOT_OK(hold_.take([&](uint64_t fence) {
      record_.fence = fence;
      return summary_of(record_, options_.branch, /*total_rows=*/0, {}, {});
    }));
    if (!hold_.has_table()) {
      record_.fence = 1;  // that of who makes it
      return record_;
    }
    observer_.reached(CommitStep::kInRecover);
    ARROW_ASSIGN_OR_RAISE(const LoadedTable table, hold_.load());
    ARROW_RETURN_NOT_OK(check_is_in_branch(table.metadata, hold_.tag()));
    ARROW_ASSIGN_OR_RAISE(auto found,
                          read_record_in(*hold_.files(), table.metadata, hold_.tag()));
    FileOrigin committed;
    if (found) {
      committed = {.fence = found->record.fence, .epoch = found->record.epoch};
      record_ = std::move(found->record);
      moved_ = std::move(found->moved);
      base_ = std::move(found->base);
    }
    record_.fence = hold_.tag().fence;
    // What stays is invisible, and the next process tries again.
    (void)remove_leftovers(*hold_.files(), table.metadata, hold_.prefix(), committed,
                           record_, options_.branch);
    return record_;
  }

  Status check_is_in_branch(const TableMetadata& metadata, const PipelineTag& tag) const {
    const int64_t id = tag.snapshot_id;
    const auto head = metadata.ref(options_.branch);
    if (metadata.find_snapshot(id) && head && is_ancestor(metadata, id, *head)) {
      return Status::OK();
    }
    return make_error(
        ErrorKind::kCommitLost,
        {.connector = "iceberg", .resource = options_.table.shown()},
        fmt::format("snapshot {}, which this pipeline has committed last, is no longer "
                    "in branch {}: it was rolled back. Begin anew under another name",
                    id, options_.branch));
  }

  // What the snapshot says that a tag of ours names; nullopt where it only tells where
  // the pipeline began.
  Result<std::optional<RecordInSummary>> read_record_in(FileIo& files,
                                                        const TableMetadata& metadata,
                                                        const PipelineTag& tag) const {
    const Snapshot* snapshot = metadata.find_snapshot(tag.snapshot_id);
    const bool is_ours = snapshot && pipeline_of(snapshot->summary) == pipeline_ &&
                         branch_of(snapshot->summary) == options_.branch;
    if (!is_ours) return std::nullopt;
    return iceberg::read_record(files, fmt::format("snapshot {}", tag.snapshot_id),
                                snapshot->summary);
  }

  Result<CommitRecord> record_of(const TableHold::Found& found) const {
    ARROW_ASSIGN_OR_RAISE(const auto known,
                          read_record_in(*found.files, found.table.metadata, found.tag));
    CommitRecord record = known ? known->record : CommitRecord{.pipeline = pipeline_};
    record.fence = found.tag.fence;
    return record;
  }

  Status make_table(const arrow::Schema& schema) {
    ARROW_ASSIGN_OR_RAISE(const TableSchema made, table_schema_for(schema));
    ARROW_RETURN_NOT_OK(hold_.make_table(made));
    ARROW_ASSIGN_OR_RAISE(const CommitRecord record, take_over());
    // Else somebody has begun in it since it was looked for first.
    const bool is_ours =
        hold_.has_table() && record.epoch == 0 && record.incarnation == new_incarnation_;
    return is_ours ? Status::OK() : hold_.fenced();
  }

  const IcebergOptions options_;
  const std::string pipeline_;  // its id
  const std::string new_incarnation_ = random_id();
  CommitObserver& observer_;
  TableHold hold_;
  CommitRecord record_;  // as committed last, positions whole
  Positions moved_;      // since base_
  PositionsFile base_;
};

}  // namespace

std::unique_ptr<Committer> make_committer(const IcebergOptions& options,
                                          const PipelineIdentity& pipeline,
                                          CommitObserver& observer) {
  return std::make_unique<TableCommitter>(options, pipeline, observer);
}

}  // namespace velo::iceberg
