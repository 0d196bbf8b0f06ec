#include "velo/sql/stream_query.h"

#include <algorithm>
#include <utility>

#include "velo/sql/sql_types.h"

namespace velo::sql {
namespace {

// Runs the query on one batch after the other.
class BatchRunner {
 public:
  BatchRunner(std::unique_ptr<DuckdbQuery> query, std::shared_ptr<HeldBatch> batch)
      : query_(std::move(query)), batch_(std::move(batch)) {}

  Result<std::shared_ptr<arrow::RecordBatch>> run(
      std::shared_ptr<arrow::RecordBatch> rows, const std::stop_token& stop) {
    if (rows->num_rows() == 0) return arrow::RecordBatch::MakeEmpty(query_->schema());
    batch_->set(std::move(rows));
    arrow::RecordBatchVector parts;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto part, query_->next(stop));
      if (!part) break;
      parts.push_back(std::move(part));
    }
    batch_->set(nullptr);
    query_->rewind();
    if (parts.empty()) return arrow::RecordBatch::MakeEmpty(query_->schema());
    if (parts.size() == 1) return parts.front();
    return arrow::ConcatenateRecordBatches(parts);
  }

 private:
  const std::unique_ptr<DuckdbQuery> query_;
  const std::shared_ptr<HeldBatch> batch_;
};

}  // namespace

StreamQuery::StreamQuery(DuckdbEngine& engine, SqlText select,
                         const StatementSources& sources,
                         std::shared_ptr<OpenSource> stream,
                         std::vector<std::string> columns, const HoldOptions& hold)
    : engine_(engine),
      select_(std::move(select)),
      stream_(std::move(stream)),
      sources_(sources.replaced([&](const std::shared_ptr<OpenSource>& source) {
        if (source == stream_) return source;
        return source->holding(std::make_shared<HeldSource>(source, hold));
      })) {
  const bool are_known = std::ranges::all_of(columns, [&](const std::string& name) {
    return stream_->schema()->GetFieldIndex(name) >= 0;
  });
  // Of all columns it is not said which: then it is heard when others come up.
  const bool are_all = std::ssize(columns) == stream_->schema()->num_fields();
  if (are_known && !columns.empty() && !are_all) read_.columns = std::move(columns);
}

Result<RowsFunction> StreamQuery::prepare() const {
  auto batch = std::make_shared<HeldBatch>();
  auto sources = sources_->replaced([&](const std::shared_ptr<OpenSource>& source) {
    return source == stream_ ? source->holding(batch) : source;
  });
  ARROW_ASSIGN_OR_RAISE(auto query, engine_.prepare(select_, std::move(sources)));
  const auto runner = std::make_shared<BatchRunner>(std::move(query), std::move(batch));
  return [runner, stream = stream_, schema = stream_->schema_of(read_)](
             std::shared_ptr<arrow::RecordBatch> rows,
             const std::stop_token& stop) -> Result<std::shared_ptr<arrow::RecordBatch>> {
    ARROW_ASSIGN_OR_RAISE(rows, to_sql_types(rows, schema, stream->address()));
    return runner->run(std::move(rows), stop);
  };
}

}  // namespace velo::sql
