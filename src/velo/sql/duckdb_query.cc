#include "velo/sql/duckdb_query.h"

#include <arrow/c/bridge.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>

#include <utility>

#include "velo/sql/duckdb_types.h"
#include "velo/sql/sql_types.h"

namespace velo::sql {
namespace {

// DuckDB yields 2,048 rows at a time; writers like more.
constexpr int64_t kRowsPerBatch = 16 * 1024;
constexpr int64_t kBytesPerBatch = int64_t{8} << 20;
constexpr char kResult[] = "the result";

// The columns of a prepared statement as DuckDB exports them.
Result<std::shared_ptr<arrow::Schema>> exported_schema(
    DuckdbConnection& connection, duckdb_prepared_statement statement) {
  const DuckdbLibrary& library = connection.library();
  const idx_t count = library.prepared_statement_column_count(statement);
  std::vector<DuckdbHandle<duckdb_logical_type>> owned;
  std::vector<duckdb_logical_type> types;
  std::vector<std::string> names;
  std::vector<const char*> name_pointers;
  names.reserve(count);
  for (idx_t i = 0; i < count; ++i) {
    owned.emplace_back(library.destroy_logical_type,
                       library.prepared_statement_column_logical_type(statement, i));
    types.push_back(owned.back().get());
    const char* name = library.prepared_statement_column_name(statement, i);
    names.emplace_back(name);
    library.free(const_cast<char*>(name));
    name_pointers.push_back(names.back().c_str());
    const Status status = check_result_type(library, types.back());
    if (!status.ok()) return annotate(status, fmt::format("column '{}'", names.back()));
  }
  DuckdbHandle<duckdb_arrow_options> options(library.destroy_arrow_options);
  library.connection_get_arrow_options(connection.get(), options.out());
  ArrowSchema schema{};
  ARROW_RETURN_NOT_OK(check_conversion(
      library, library.to_arrow_schema(options.get(), types.data(), name_pointers.data(),
                                       count, &schema)));
  return arrow::ImportSchema(&schema);
}

class PreparedQuery : public DuckdbQuery {
 public:
  PreparedQuery(std::unique_ptr<DuckdbConnection> connection, SqlText select)
      : connection_(std::move(connection)),
        library_(connection_->library()),
        select_(std::move(select)),
        statement_(library_.destroy_prepare),
        options_(library_.destroy_arrow_options) {}

  ~PreparedQuery() override {
    if (!started_) return;
    connection_->stop();
    library_.destroy_result(&result_);
  }

  Status prepare() {
    const std::string text(select_.text());
    if (library_.prepare(connection_->get(), text.c_str(), statement_.out()) !=
        DuckDBSuccess) {
      return connection_->error_of(library_.prepare_error(statement_.get()), select_);
    }
    const Status status = find_columns();
    if (status.ok()) return status;
    return select_.error_at(0, kind_of(status), status.message());
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }

  Result<std::shared_ptr<arrow::RecordBatch>> next(std::stop_token stop) override {
    const std::stop_callback forward(stop, [this] { connection_->stop(); });
    if (!started_) ARROW_RETURN_NOT_OK(start());
    arrow::RecordBatchVector parts;
    int64_t num_rows = 0;
    int64_t num_bytes = 0;
    while (!ended_ && num_rows < kRowsPerBatch && num_bytes < kBytesPerBatch) {
      ARROW_ASSIGN_OR_RAISE(auto part, fetch());
      if (!part) break;
      num_rows += part->num_rows();
      num_bytes += arrow::util::TotalBufferSize(*part);
      parts.push_back(std::move(part));
    }
    if (parts.empty()) return nullptr;
    ARROW_ASSIGN_OR_RAISE(auto rows, arrow::ConcatenateRecordBatches(parts));
    for (const auto& column : rows->columns()) {
      const Status status = check_large_numbers(*column);
      if (!status.ok()) return select_.error_at(0, kind_of(status), status.message());
    }
    return to_sql_types(rows, schema_, kResult);
  }

  void rewind() override {
    options_.reset();
    if (started_) library_.destroy_result(&result_);
    result_ = {};
    started_ = false;
    ended_ = false;
  }

 private:
  Status find_columns() {
    ARROW_ASSIGN_OR_RAISE(exported_, exported_schema(*connection_, statement_.get()));
    ARROW_RETURN_NOT_OK(
        check_column_names(*exported_, kResult, "give one another name with AS"));
    ARROW_ASSIGN_OR_RAISE(schema_, sql_schema(*exported_, kResult));
    return Status::OK();
  }

  Status start() {
    DuckdbHandle<duckdb_pending_result> pending(library_.destroy_pending);
    if (library_.pending_prepared_streaming(statement_.get(), pending.out()) !=
        DuckDBSuccess) {
      return connection_->error_of(library_.pending_error(pending.get()), select_);
    }
    started_ = true;
    // A new query forgets that it was interrupted before it began.
    if (connection_->stop_token().stop_requested()) connection_->stop();
    if (library_.execute_pending(pending.get(), &result_) != DuckDBSuccess) {
      return connection_->error_of(library_.result_error(&result_), select_);
    }
    *options_.out() = library_.result_get_arrow_options(&result_);
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::RecordBatch>> fetch() {
    DuckdbHandle<duckdb_data_chunk> chunk(library_.destroy_data_chunk,
                                          library_.fetch_chunk(result_));
    if (!chunk) {
      ended_ = true;
      const char* error = library_.result_error(&result_);
      if (error != nullptr && *error != '\0')
        return connection_->error_of(error, select_);
      return nullptr;
    }
    ArrowArray rows{};
    ARROW_RETURN_NOT_OK(check_conversion(
        library_, library_.data_chunk_to_arrow(options_.get(), chunk.get(), &rows)));
    return arrow::ImportRecordBatch(&rows, exported_);
  }

  const std::unique_ptr<DuckdbConnection> connection_;
  const DuckdbLibrary& library_;
  const SqlText select_;
  DuckdbHandle<duckdb_prepared_statement> statement_;
  DuckdbHandle<duckdb_arrow_options> options_;
  duckdb_result result_{};
  bool started_ = false;
  bool ended_ = false;  // asking on is an error to DuckDB
  std::shared_ptr<arrow::Schema> exported_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

Result<std::unique_ptr<DuckdbQuery>> prepare_query(
    DuckdbDatabase& database, const SqlText& select,
    std::shared_ptr<StatementSources> sources) {
  ARROW_ASSIGN_OR_RAISE(auto connection,
                        DuckdbConnection::open(database, std::move(sources)));
  auto query = std::make_unique<PreparedQuery>(std::move(connection), select);
  ARROW_RETURN_NOT_OK(query->prepare());
  return query;
}

}  // namespace velo::sql
