#include "velo/connectors/clickhouse/source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "velo/base/first_failure.h"
#include "velo/connectors/clickhouse/check.h"
#include "velo/connectors/clickhouse/client.h"
#include "velo/connectors/clickhouse/types.h"

namespace velo::clickhouse {
namespace {

// What is read: the columns, and the query that gives them.
struct Selection {
  std::shared_ptr<arrow::Schema> schema;
  std::string query;
};

// The column as it travels: what has no counterpart goes as its text.
std::string expression_of(const std::string& name,
                          const std::optional<ColumnType>& type) {
  const std::string column = quote_identifier(name);
  if (!type) return fmt::format("CAST(toString({0}), 'Nullable(String)') AS {0}", column);
  if (!type->low_cardinality) return column;
  return fmt::format("CAST({0}, {1}) AS {0}", column, quote_literal(type->name));
}

Result<Selection> select_columns(Client& client, const ClickhouseOptions& options,
                                 const ReadOptions& read) {
  const std::string from =
      options.query.empty() ? options.table_name() : fmt::format("({})", options.query);
  ARROW_ASSIGN_OR_RAISE(
      const Rows columns,
      client.query({.sql = fmt::format("DESCRIBE TABLE (SELECT * FROM {})", from)}));
  std::vector<int64_t> chosen;
  if (read.columns) {
    for (const std::string& name : *read.columns) {
      int64_t row = 0;
      while (row < columns.num_rows() && columns.text(row, 0) != name) ++row;
      if (row == columns.num_rows()) {
        return make_error(ErrorKind::kInvalidArgument,
                          {.connector = "clickhouse", .resource = from},
                          fmt::format("there is no column '{}'", name));
      }
      chosen.push_back(row);
    }
  } else {
    for (int64_t row = 0; row < columns.num_rows(); ++row) chosen.push_back(row);
  }
  arrow::FieldVector fields;
  std::vector<std::string> expressions;
  for (const int64_t row : chosen) {
    const std::string name = columns.text(row, 0);
    const std::string type_name = columns.text(row, 1);
    const auto type = parse_type(type_name);
    expressions.push_back(expression_of(name, type));
    fields.push_back(type ? arrow::field(name, arrow_type_of(*type), type->nullable)
                          : arrow::field(name, arrow::utf8()));
  }
  // Rows without columns are counted by one that is dropped.
  if (expressions.empty()) expressions.push_back("1");
  std::string query =
      fmt::format("SELECT {} FROM {}", fmt::join(expressions, ", "), from);
  if (read.limit) query += fmt::format(" LIMIT {}", std::max<int64_t>(*read.limit, 0));
  return Selection{arrow::schema(std::move(fields)), std::move(query)};
}

class ClickhouseReader : public DataReader {
 public:
  ClickhouseReader(std::unique_ptr<Client> client, Selection selection)
      : client_(std::move(client)),
        selection_(std::move(selection)),
        decoder_(*client_) {}

  Result<std::optional<Batch>> read(std::stop_token stop) override {
    return failure_.unless_failed([&] { return read_next(stop); });
  }

 private:
  Result<std::optional<Batch>> read_next(const std::stop_token& stop) {
    if (ended_) return std::nullopt;
    if (!std::exchange(begun_, true)) {
      ARROW_RETURN_NOT_OK(client_->start({.sql = selection_.query}, stop));
    }
    client_->set_stop(stop);
    auto block = decoder_.next();
    if (!block.ok()) return client_->explain(block.status(), decoder_.last_bytes());
    if (*block) {
      has_read_ = true;
      return with_schema(**block);
    }
    ended_ = true;
    if (has_read_) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(auto rows, arrow::RecordBatch::MakeEmpty(selection_.schema));
    return Batch{.rows = std::move(rows)};
  }

  Result<std::optional<Batch>> with_schema(const arrow::RecordBatch& block) const {
    const arrow::Schema& schema = *selection_.schema;
    const bool only_counted = schema.num_fields() == 0;
    if (!only_counted && block.num_columns() != schema.num_fields()) {
      return changed(fmt::format("{} columns came instead of {}", block.num_columns(),
                                 schema.num_fields()));
    }
    for (int i = 0; i < schema.num_fields(); ++i) {
      if (block.column(i)->type()->Equals(schema.field(i)->type())) continue;
      return changed(fmt::format(
          "column '{}' came as {} instead of {}", schema.field(i)->name(),
          block.column(i)->type()->ToString(), schema.field(i)->type()->ToString()));
    }
    return Batch{.rows = arrow::RecordBatch::Make(
                     selection_.schema, block.num_rows(),
                     only_counted ? arrow::ArrayVector() : block.columns())};
  }

  static Status changed(std::string message) {
    return make_error(ErrorKind::kSchemaMismatch, {.connector = "clickhouse"},
                      std::move(message) + "; the table was altered meanwhile");
  }

  const std::unique_ptr<Client> client_;
  const Selection selection_;
  BlockDecoder decoder_;
  bool begun_ = false;
  bool ended_ = false;
  bool has_read_ = false;
  FirstFailure failure_;
};

class ClickhouseSource : public DataSource {
 public:
  explicit ClickhouseSource(ClickhouseOptions options) : options_(std::move(options)) {}

  void set_stop(std::stop_token stop) override { stop_ = std::move(stop); }

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    ARROW_ASSIGN_OR_RAISE(const auto client, Client::make(options_));
    client->set_stop(stop_);
    ARROW_ASSIGN_OR_RAISE(Selection selection, select_columns(*client, options_, {}));
    return std::move(selection.schema);
  }

  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& read) override {
    ARROW_ASSIGN_OR_RAISE(auto client, Client::make(options_));
    client->set_stop(stop_);
    ARROW_ASSIGN_OR_RAISE(Selection selection, select_columns(*client, options_, read));
    return std::make_unique<ClickhouseReader>(std::move(client), std::move(selection));
  }

  bool supports_streaming() const override { return false; }
  bool supports_batch() const override { return true; }

  void check(CheckReport& report, std::stop_token stop) override {
    check_reading(options_, report, stop);
  }

 private:
  const ClickhouseOptions options_;
  std::stop_token stop_;
};

}  // namespace

std::unique_ptr<DataSource> make_clickhouse_source(ClickhouseOptions options) {
  return std::make_unique<ClickhouseSource>(std::move(options));
}

}  // namespace velo::clickhouse
