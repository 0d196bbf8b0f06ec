#include "velo/pipeline.h"

#include <utility>

#include "velo/sql.h"
#include "velo/sql/canonical_text.h"

namespace velo {

class Pipeline::State {
 public:
  State(std::string name, const Registry& registry)
      : name_(std::move(name)), session_(options_of(registry)) {}

  Status open(std::string_view select, const Uri& sink_uri, const Registry& registry) {
    const auto script = std::make_shared<const sql::Script>(name_, std::string(select));
    select_ = sql::canonical_text({script, 0, select.size()});
    ARROW_ASSIGN_OR_RAISE(sink_, registry.create_sink(sink_uri));
    ARROW_ASSIGN_OR_RAISE(
        source_, session_.query(select, {.name = name_,
                                         .applies_changes = sink_->supports_upsert()}));
    ARROW_ASSIGN_OR_RAISE(const auto schema, source_->fetch_schema());
    return sink_->validate_schema(*schema);
  }

  Status run(std::stop_token stop) {
    ARROW_ASSIGN_OR_RAISE(
        progress_, velo::run(*source_, *sink_, named_pipeline(name_),
                             // DuckDB may have the other half.
                             {.select = select_, .memory_bytes = kDefaultMemoryBytes / 2},
                             std::move(stop)));
    return Status::OK();
  }

  const std::string& name() const { return name_; }
  const Progress& progress() const { return progress_; }

 private:
  static SessionOptions options_of(const Registry& registry) {
    SessionOptions options;
    options.registry = &registry;
    return options;
  }

  const std::string name_;
  std::string select_;
  Session session_;
  std::unique_ptr<DataSource> source_;
  std::unique_ptr<DataSink> sink_;
  Progress progress_;
};

Pipeline::Pipeline(std::unique_ptr<State> state) : state_(std::move(state)) {}
Pipeline::~Pipeline() = default;
Pipeline::Pipeline(Pipeline&&) noexcept = default;
Pipeline& Pipeline::operator=(Pipeline&&) noexcept = default;

Result<Pipeline> Pipeline::make(std::string name, std::string_view select,
                                std::string_view sink_uri, const Registry& registry) {
  ARROW_ASSIGN_OR_RAISE(const Uri uri, parse_uri(sink_uri));
  auto state = std::make_unique<State>(std::move(name), registry);
  ARROW_RETURN_NOT_OK(state->open(select, uri, registry));
  return Pipeline(std::move(state));
}

const std::string& Pipeline::name() const { return state_->name(); }
Status Pipeline::run(std::stop_token stop) { return state_->run(std::move(stop)); }
const Progress& Pipeline::progress() const { return state_->progress(); }

}  // namespace velo
