#include "velo/connectors/postgresql/source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "velo/base/first_failure.h"
#include "velo/base/stop_scope.h"
#include "velo/connectors/postgresql/check.h"
#include "velo/connectors/postgresql/client.h"
#include "velo/connectors/postgresql/copy_binary.h"
#include "velo/connectors/postgresql/types.h"

namespace velo::postgresql {
namespace {

constexpr int64_t kMaxBatchBytes = int64_t{8} << 20;

// What is read: the columns, and the query that gives them in binary.
struct Selection {
  std::shared_ptr<arrow::Schema> schema;
  std::string query;
};

Result<Selection> select_columns(Connection& connection, const PostgresqlOptions& options,
                                 const ReadOptions& read) {
  const std::string from = options.query.empty()
                               ? options.table_name()
                               : fmt::format("({}) AS query", options.query);
  ARROW_ASSIGN_OR_RAISE(const auto columns, connection.describe("SELECT * FROM " + from));
  arrow::FieldVector fields;
  std::vector<std::string> expressions;
  const auto add = [&](const ResultColumn& column) {
    auto type = arrow_type_of(column);
    expressions.push_back(quote_identifier(column.name) + (type ? "" : "::text"));
    fields.push_back(arrow::field(column.name, type ? type : arrow::utf8()));
  };
  if (read.columns) {
    for (const std::string& name : *read.columns) {
      const auto found = std::ranges::find(columns, name, &ResultColumn::name);
      if (found == columns.end()) {
        return make_error(ErrorKind::kInvalidArgument,
                          {.connector = "postgresql", .resource = from},
                          fmt::format("there is no column '{}'", name));
      }
      add(*found);
    }
  } else {
    for (const ResultColumn& column : columns) add(column);
  }
  std::string query =
      fmt::format("SELECT {} FROM {}", fmt::join(expressions, ", "), from);
  if (read.limit) query += fmt::format(" LIMIT {}", std::max<int64_t>(*read.limit, 0));
  return Selection{arrow::schema(std::move(fields)), std::move(query)};
}

class PostgresqlReader : public DataReader {
 public:
  struct BatchLimits {
    int64_t num_rows = 0;
    int64_t num_bytes = 0;
  };

  PostgresqlReader(std::unique_ptr<Connection> connection, Selection selection,
                   std::unique_ptr<CopyDecoder> decoder, BatchLimits limits)
      : connection_(std::move(connection)),
        selection_(std::move(selection)),
        decoder_(std::move(decoder)),
        limits_(limits) {}

  Result<std::optional<Batch>> read(std::stop_token stop) override {
    return failure_.unless_failed([&] { return read_next(stop); });
  }

 private:
  Result<std::optional<Batch>> read_next(const std::stop_token& stop) {
    if (ended_) return std::nullopt;
    if (!std::exchange(begun_, true)) ARROW_RETURN_NOT_OK(begin(stop));
    while (!ended_ && decoder_->num_rows() < limits_.num_rows &&
           decoder_->num_bytes() < limits_.num_bytes) {
      ARROW_ASSIGN_OR_RAISE(const auto bytes, connection_->get_copy(stop));
      if (!bytes) {
        ended_ = true;
      } else {
        ARROW_RETURN_NOT_OK(decoder_->decode(*bytes));
      }
    }
    if (ended_ && decoder_->num_rows() == 0 && has_read_) return std::nullopt;
    has_read_ = true;
    ARROW_ASSIGN_OR_RAISE(auto rows, decoder_->take());
    return Batch{.rows = std::move(rows)};
  }

  Status begin(const std::stop_token& stop) {
    for (const char* sql : {"BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ",
                            // For what is read as text.
                            "SET LOCAL datestyle = 'ISO'", "SET LOCAL timezone = 'UTC'",
                            "SET LOCAL extra_float_digits = 3"}) {
      ARROW_RETURN_NOT_OK(connection_->execute(sql, {}, stop).status());
    }
    return connection_->begin_copy_out(
        fmt::format("COPY ({}) TO STDOUT (FORMAT binary)", selection_.query), stop);
  }

  const std::unique_ptr<Connection> connection_;
  const Selection selection_;
  const std::unique_ptr<CopyDecoder> decoder_;
  const BatchLimits limits_;
  bool begun_ = false;
  bool ended_ = false;
  bool has_read_ = false;
  FirstFailure failure_;
};

class PostgresqlSource : public DataSource {
 public:
  explicit PostgresqlSource(PostgresqlOptions options) : options_(std::move(options)) {}

  void set_stop(std::stop_token stop) override { stop_ = std::move(stop); }

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    ARROW_ASSIGN_OR_RAISE(const auto connection,
                          Connection::open(options_, "velo", stop_));
    ARROW_ASSIGN_OR_RAISE(Selection selection, selection_of(*connection, {}));
    return std::move(selection.schema);
  }

  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& read) override {
    ARROW_ASSIGN_OR_RAISE(auto connection, Connection::open(options_, "velo", stop_));
    ARROW_ASSIGN_OR_RAISE(Selection selection, selection_of(*connection, read));
    ARROW_ASSIGN_OR_RAISE(auto decoder, CopyDecoder::make(selection.schema));
    const PostgresqlReader::BatchLimits limits{
        .num_rows = options_.batch_rows,
        .num_bytes = std::min(kMaxBatchBytes, most_bytes_at_once(read))};
    return std::make_unique<PostgresqlReader>(std::move(connection), std::move(selection),
                                              std::move(decoder), limits);
  }

  bool supports_streaming() const override { return false; }
  bool supports_batch() const override { return true; }

  void check(CheckReport& report, std::stop_token stop) override {
    check_reading(options_, report, stop);
  }

 private:
  Result<Selection> selection_of(Connection& connection, const ReadOptions& read) const {
    const StopScope scope(connection, stop_);
    return select_columns(connection, options_, read);
  }

  const PostgresqlOptions options_;
  std::stop_token stop_;
};

}  // namespace

std::unique_ptr<DataSource> make_postgresql_source(PostgresqlOptions options) {
  return std::make_unique<PostgresqlSource>(std::move(options));
}

}  // namespace velo::postgresql
