#include "velo/connectors/iceberg/sink.h"

#include <fmt/format.h>

#include <utility>

#include "velo/connectors/iceberg/catalog.h"
#include "velo/connectors/iceberg/check.h"
#include "velo/connectors/iceberg/column_plan.h"
#include "velo/connectors/iceberg/committer.h"
#include "velo/connectors/iceberg/pipeline_tag.h"
#include "velo/connectors/iceberg/table_hold.h"

namespace velo::iceberg {
namespace {

class IcebergSink : public DataSink, public TransactionalSink {
 public:
  explicit IcebergSink(IcebergOptions options) : options_(std::move(options)) {}

  void limit_memory(int64_t bytes_per_writer) override {
    options_.writer_bytes = bytes_per_writer;
  }

  void set_stop(std::stop_token stop) override { stop_ = std::move(stop); }

  Status validate_schema(const arrow::Schema& schema) override {
    ARROW_ASSIGN_OR_RAISE(const auto catalog,
                          open_catalog(options_, options_.creates_namespace, stop_));
    ARROW_ASSIGN_OR_RAISE(const auto table, catalog->load(options_.table));
    if (table) {
      ARROW_RETURN_NOT_OK(check_writable(options_, table->metadata));
      return ColumnPlan::make(options_.table.shown(), table->metadata.schema(), schema)
          .status();
    }
    ARROW_RETURN_NOT_OK(table_schema_for(schema).status());
    ARROW_ASSIGN_OR_RAISE(const bool has_namespace,
                          catalog->has_namespace(options_.table));
    if (has_namespace || options_.creates_namespace) return Status::OK();
    return make_error(
        ErrorKind::kNotFound, {.connector = "iceberg", .resource = options_.shown},
        fmt::format(
            "there is no namespace {} in the catalog at {}; create_namespace=true "
            "makes it",
            options_.table.namespace_shown(), options_.catalog_uri));
  }

  Result<std::unique_ptr<DataWriter>> create_writer(
      const WriteOptions& options) override {
    return write_epochs(*this, options);
  }

  bool supports_transactions() const override { return true; }
  bool supports_upsert() const override { return false; }
  TransactionalSink* transactions() override { return this; }

  void check(CheckReport& report, std::stop_token stop) override {
    check_writing(options_, report, stop);
  }

  Result<SinkPlan> plan(const arrow::Schema& schema, const PipelineIdentity& pipeline,
                        std::stop_token stop) override {
    const auto catalog = open_catalog(options_, /*creates=*/false, stop);
    const bool is_none =
        !catalog.ok() && kind_of(catalog.status()) == ErrorKind::kNotFound;
    if (is_none && !options_.creates_namespace) return catalog.status();
    SinkPlan plan;
    std::optional<LoadedTable> table;
    if (is_none) {
      plan.makes.push_back("catalog " + options_.catalog_uri);
    } else {
      ARROW_RETURN_NOT_OK(catalog.status());
      ARROW_ASSIGN_OR_RAISE(table, (*catalog)->load(options_.table));
      ARROW_ASSIGN_OR_RAISE(const bool has_namespace,
                            (*catalog)->has_namespace(options_.table));
      if (!has_namespace) {
        plan.makes.push_back("namespace " + options_.table.namespace_shown());
      }
    }
    if (table) ARROW_RETURN_NOT_OK(check_writable(options_, table->metadata));
    for (const auto& field : schema.fields()) {
      plan.columns.push_back(plan_column(table ? &*table : nullptr, *field));
    }
    if (!table) plan.makes.push_back("table " + options_.table.shown());
    const auto tag = table ? find_tag(table->metadata, pipeline.id, options_.branch)
                           : std::optional<PipelineTag>();
    const uint64_t fence = tag ? tag->fence + 1 : 1;
    plan.makes.push_back(fmt::format("tag {}, for the record",
                                     tag_name(pipeline.id, options_.branch, fence)));
    return plan;
  }

  CommitKind commit_kind() const override { return CommitKind::kDurable; }
  std::string identity() const override { return options_.identity; }

  Result<std::vector<std::string>> list_pipelines(const std::string& prefix,
                                                  std::stop_token stop) override {
    const auto catalog = open_catalog(options_, /*creates=*/false, stop);
    // It may be made; until then it has nothing.
    if (!catalog.ok() && kind_of(catalog.status()) == ErrorKind::kNotFound) {
      return std::vector<std::string>();
    }
    ARROW_RETURN_NOT_OK(catalog.status());
    ARROW_ASSIGN_OR_RAISE(const auto table, (*catalog)->load(options_.table));
    if (!table) return std::vector<std::string>();
    auto ids = pipelines_with_tags(table->metadata, options_.branch);
    std::erase_if(ids, [&](const std::string& id) { return !id.starts_with(prefix); });
    return ids;
  }

  Result<std::unique_ptr<Committer>> create_committer(const PipelineIdentity& pipeline,
                                                      CommitObserver& observer) override {
    return make_committer(options_, pipeline, observer);
  }

 private:
  // `table`: nullptr for one that will be made.
  PlannedColumn plan_column(const LoadedTable* table, const arrow::Field& field) const {
    const auto alone = arrow::schema({field.WithName(field.name())});
    PlannedColumn planned{.name = field.name()};
    if (!table) {
      const auto made = table_schema_for(*alone);
      if (!made.ok()) {
        planned.refusal = made.status().message();
      } else {
        planned.target = made->columns.front().name;
        planned.target_type = made->columns.front().type;
      }
      return planned;
    }
    TableSchema only = table->metadata.schema();
    if (const Column* column = only.find(field.name())) {
      planned.target = column->name;
      planned.target_type = column->type;
      // Those that are required and not among the rows are another matter.
      only.columns = {*column};
    }
    const Status status = ColumnPlan::make(options_.table.shown(), only, *alone).status();
    if (!status.ok()) planned.refusal = status.message();
    return planned;
  }

  IcebergOptions options_;
  std::stop_token stop_;
};

}  // namespace

std::unique_ptr<DataSink> make_iceberg_sink(IcebergOptions options) {
  return std::make_unique<IcebergSink>(std::move(options));
}

}  // namespace velo::iceberg
