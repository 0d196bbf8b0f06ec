#include "velo/sql/plan_source.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "velo/base/cut_source.h"
#include "velo/sql/mapped_split_reader.h"

namespace velo::sql {
namespace {

// Some of the columns.
RowsFunction columns_function(std::vector<int> indices) {
  return [indices = std::move(indices)](const std::shared_ptr<arrow::RecordBatch>& rows,
                                        const std::stop_token&) {
    return rows->SelectColumns(indices);
  };
}

class PlanSource : public DataSource, public SplitSource, public CutSource {
 public:
  PlanSource(SelectPlanner& planner, SqlText select, SelectPlan plan,
             const PlanOptions& options)
      : planner_(planner),
        select_(std::move(select)),
        schema_(plan.schema),
        options_(options),
        goes_on_(plan.goes_on()),
        plan_(std::move(plan)) {}

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override { return schema_; }

  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& options) override {
    if (!plan_) {
      ARROW_ASSIGN_OR_RAISE(plan_, planner_.plan(select_, options_));
    }
    SelectPlan plan = *std::exchange(plan_, std::nullopt);
    ARROW_ASSIGN_OR_RAISE(auto reader, plan.create_reader(options));
    if (!options.columns) return reader;
    ARROW_ASSIGN_OR_RAISE(auto indices, indices_of(*options.columns));
    return map_batches(std::move(reader), columns_function(std::move(indices)));
  }

  // Its sources were opened so.
  Status set_range(const ReadRange& range) override {
    const bool has_sources = plan_ && !plan_->sources->all().empty();
    return has_sources ? Status::OK() : DataSource::set_range(range);
  }

  bool supports_streaming() const override { return goes_on_; }
  bool supports_batch() const override { return !goes_on_; }
  bool can_reread() const override {
    const auto sources =
        plan_ ? plan_->sources->all() : std::vector<std::shared_ptr<OpenSource>>();
    return std::ranges::all_of(sources,
                               [](const auto& source) { return source->can_reread(); });
  }
  SplitSource* splits() override { return plan_ && plan_->splits() ? this : nullptr; }

  std::string identity() const override { return plan_->splits()->identity(); }

  void go_on_from(const Positions& earlier) override {
    velo::go_on_from(*plan_->splits(), earlier);
  }

  Result<std::unique_ptr<SplitDiscovery>> discover() override {
    return plan_->splits()->discover();
  }

  Result<std::unique_ptr<SplitReader>> create_split_reader(
      const ReadOptions& options) override {
    ReadOptions who = options;
    who.tells_schema_changes = options.tells_schema_changes && !options.columns;
    ARROW_ASSIGN_OR_RAISE(auto reader, plan_->create_split_reader(who));
    if (!options.columns) return reader;
    ARROW_ASSIGN_OR_RAISE(auto indices, indices_of(*options.columns));
    return map_batches(std::move(reader), columns_function(std::move(indices)));
  }

  std::vector<std::string> kept_for(const std::string& reader) const override {
    return plan_->splits()->kept_for(reader);
  }

  Status forget(const std::string& reader) override {
    return plan_->splits()->forget(reader);
  }

  Status withdraw(const std::string& reader, uint64_t process) override {
    return plan_->splits()->withdraw(reader, process);
  }

 private:
  Result<std::vector<int>> indices_of(const std::vector<std::string>& columns) const {
    std::vector<int> indices;
    for (const std::string& name : columns) {
      indices.push_back(schema_->GetFieldIndex(name));
      if (indices.back() < 0) {
        return select_.error_at(0, ErrorKind::kInvalidArgument,
                                "the result has no column '" + name + "'");
      }
    }
    return indices;
  }

  SelectPlanner& planner_;
  const SqlText select_;
  const std::shared_ptr<arrow::Schema> schema_;
  const PlanOptions options_;
  const bool goes_on_;
  std::optional<SelectPlan> plan_;
};

}  // namespace

std::unique_ptr<DataSource> make_plan_source(SelectPlanner& planner, SqlText select,
                                             SelectPlan plan,
                                             const PlanOptions& options) {
  return std::make_unique<PlanSource>(planner, std::move(select), std::move(plan),
                                      options);
}

}  // namespace velo::sql
