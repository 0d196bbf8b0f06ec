#include "velo/sql/stream_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "velo/sql.h"
#include "velo/testing/matchers.h"

namespace velo {
namespace {

using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

using Rows = std::shared_ptr<arrow::RecordBatch>;

// What file('NAME') and generate('NAME') read, and how often the first was opened.
std::map<std::string, Rows>& tables() {
  static std::map<std::string, Rows> rows;
  return rows;
}
int num_readers = 0;

// A few rows at a time, with an empty batch among them.
class TableReader : public DataReader {
 public:
  TableReader(Rows rows, std::optional<std::vector<std::string>> columns)
      : rows_(std::move(rows)) {
    if (!columns) return;
    std::vector<int> indices;
    for (const auto& name : *columns) {
      indices.push_back(rows_->schema()->GetFieldIndex(name));
    }
    rows_ = rows_->SelectColumns(indices).ValueOrDie();
  }

  Result<std::optional<Batch>> read(std::stop_token) override {
    if (next_ > rows_->num_rows()) return std::nullopt;
    const int64_t count = std::min(next_ % 3, rows_->num_rows() - next_);
    Batch batch{.rows = rows_->Slice(next_, count)};
    next_ += std::max<int64_t>(count, 1);
    if (count == 0 && next_ <= rows_->num_rows()) {
      batch.rows = rows_->Slice(next_ - 1, 1);
    }
    return batch;
  }

 private:
  Rows rows_;
  int64_t next_ = 0;
};

class TableSource : public DataSource {
 public:
  TableSource(Rows rows, bool goes_on) : rows_(std::move(rows)), goes_on_(goes_on) {}

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    return rows_->schema();
  }
  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& read) override {
    if (!goes_on_) ++num_readers;
    return std::make_unique<TableReader>(rows_, read.columns);
  }
  bool supports_streaming() const override { return goes_on_; }
  bool supports_batch() const override { return true; }

 private:
  const Rows rows_;
  const bool goes_on_;
};

template <bool goes_on>
Result<std::unique_ptr<DataSource>> open_table(const Uri& uri) {
  return std::make_unique<TableSource>(tables().at(uri.path), goes_on);
}

const Registry& registry() {
  static const Registry registry = [] {
    Registry all;
    all.add({.scheme = "file",
             .summary = "rows in memory",
             .create_source = open_table<false>});
    all.add({.scheme = "generate",
             .summary = "the same, as if more might come",
             .create_source = open_table<true>});
    return all;
  }();
  return registry;
}

class StreamQueries : public ::testing::Test {
 protected:
  StreamQueries() {
    tables()["orders"] = rows_that(
        "VALUES (1::BIGINT, 'ann', 2.50::DECIMAL(9, 2), ['a', 'b']), "
        "(2, 'bob', 10.25, []), (3, NULL, NULL, NULL), (4, 'ann', 0.75, ['c']), "
        "(5, '日本', -1.00, ['b']), (6, 'bob', 7.00, []), (7, 'eve', 8.00, ['a']), "
        "(8, 'ann', 9.99, ['a', 'a'])) AS t(id, customer, total, tags");
    tables()["customers"] = rows_that(
        "VALUES ('ann', 'NL'), ('bob', 'DE'), ('bob', 'AT'), ('zoe', 'JP'), "
        "(NULL, 'XX')) AS t(name, country");
    num_readers = 0;
  }

  static Rows rows_that(const std::string& values) {
    Session session;
    const auto source = session.query("SELECT * FROM (" + values + ")");
    EXPECT_THAT(source, IsOk());
    return (*source)->create_reader().ValueOrDie()->read().ValueOrDie()->rows;
  }

  // The rows of a SELECT, sorted.
  Result<std::vector<std::string>> rows_of(const std::string& select, bool once = false,
                                           SessionOptions options = {}) {
    options.registry = &registry();
    if (once) options.pipeline_options.emplace_back("once", "true");
    Session session(options);
    ARROW_ASSIGN_OR_RAISE(const auto source, session.query(select));
    ARROW_ASSIGN_OR_RAISE(const auto reader, source->create_reader());
    std::vector<std::string> rows;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto batch, reader->read());
      if (!batch) break;
      for (int64_t i = 0; i < batch->rows->num_rows(); ++i) {
        rows.push_back(batch->rows->Slice(i, 1)->ToString());
      }
    }
    std::ranges::sort(rows);
    return rows;
  }

  static std::string from_tables(std::string select) {
    for (size_t at = 0; (at = select.find("generate(", at)) != std::string::npos;) {
      select.replace(at, 9, "file(");
    }
    return select;
  }
};

TEST_F(StreamQueries, AnswerByBatchesAsTheyWouldForAllRows) {
  for (
      const char* select :
      {"SELECT id * 2 AS twice, upper(customer) AS name FROM generate('orders')",
       "SELECT 1 AS one FROM generate('orders')",
       "SELECT *, total > 5 AS is_large FROM generate('orders') WHERE id % 2 = 1 OR id > "
       "6",
       "SELECT CASE WHEN total IS NULL THEN 'none' ELSE total::VARCHAR END AS t "
       "FROM generate('orders')",
       "SELECT id, unnest(tags) AS tag FROM generate('orders')",
       "SELECT o.id, c.country FROM generate('orders') o JOIN file('customers') c "
       "ON o.customer = c.name",
       "SELECT o.id, c.country FROM file('customers') c JOIN generate('orders') o "
       "ON o.customer = c.name WHERE c.country <> 'AT'",
       "SELECT o.id, c.country FROM generate('orders') o LEFT JOIN file('customers') c "
       "ON o.customer = c.name",
       "SELECT o.id, c.country FROM file('customers') c RIGHT JOIN generate('orders') o "
       "ON o.customer = c.name",
       "SELECT id FROM generate('orders') WHERE customer IN "
       "(SELECT name FROM file('customers'))",
       "SELECT id FROM generate('orders') o WHERE NOT EXISTS "
       "(SELECT 1 FROM file('customers') c WHERE c.name = o.customer)",
       "SELECT id, (SELECT count(*) FROM file('customers')) AS n FROM generate('orders')",
       "SELECT id, n FROM generate('orders') JOIN (SELECT name, count(*) AS n FROM "
       "file('customers') GROUP BY name ORDER BY name LIMIT 9) ON name = customer",
       "SELECT o.id, c.name FROM generate('orders') o, file('customers') c "
       "WHERE o.id > 5 AND length(c.name) < o.id",
       "WITH big AS (SELECT * FROM generate('orders') WHERE total > 1) "
       "SELECT id + 1 AS next FROM big",
       "CREATE STREAM big AS SELECT id, customer FROM generate('orders') WHERE id > 2; "
       "SELECT lower(customer) AS c, country FROM big JOIN file('customers') "
       "ON name = customer"}) {
    SCOPED_TRACE(select);
    const auto streamed = rows_of(select);
    const auto expected = rows_of(from_tables(select));
    ASSERT_THAT(streamed, IsOk());
    ASSERT_THAT(expected, IsOk());
    EXPECT_EQ(*streamed, *expected);
    EXPECT_EQ(*rows_of(select, /*once=*/true), *expected);
  }
}

TEST_F(StreamQueries, RefuseWhatNeedsAllRows) {
  const std::string join = " JOIN file('customers') c ON o.customer = c.name";
  const std::pair<std::string, const char*> cases[] = {
      {"SELECT count(*) AS n FROM generate('orders')", "not an aggregate"},
      {"SELECT max(id) AS n FROM generate('orders') WHERE id > 2", "not an aggregate"},
      {"SELECT customer, sum(total) AS s FROM generate('orders') GROUP BY customer",
       "not GROUP BY"},
      {"SELECT DISTINCT customer FROM generate('orders')", "not GROUP BY"},
      {"SELECT id + 1 AS n FROM generate('orders') ORDER BY n", "not ORDER BY"},
      {"SELECT id + 1 AS n FROM generate('orders') ORDER BY n LIMIT 2", "not ORDER BY"},
      {"SELECT id + 1 AS n FROM generate('orders') LIMIT 2", "not LIMIT"},
      {"SELECT id, row_number() OVER () AS n FROM generate('orders')",
       "not window functions"},
      {"SELECT id, sum(id) OVER (ORDER BY id) AS n FROM generate('orders')",
       "not window functions"},
      {"SELECT o.id FROM generate('orders') o FULL" + join, "not a join that keeps rows"},
      {"SELECT o.id FROM generate('orders') o RIGHT" + join,
       "not a join that keeps rows"},
      {"SELECT name FROM file('customers') WHERE name NOT IN (SELECT customer FROM "
       "generate('orders'))",
       "not a join that keeps rows"},
      {"SELECT id FROM generate('orders') UNION ALL SELECT 1", "not UNION"},
      {"SELECT a.id FROM generate('orders') a JOIN generate('orders') b ON a.id = b.id",
       "not the source twice"},
      {"SELECT id FROM generate('orders') WHERE id = (SELECT max(id) FROM "
       "generate('orders'))",
       "not "},
      {"SELECT id + 1 AS n FROM generate('orders') TABLESAMPLE 10%", "not a SAMPLE"},
      {"SELECT id + 1 AS n FROM generate('orders') USING SAMPLE 5 ROWS", "not a SAMPLE"},
      {"SELECT o.id, c.name FROM generate('orders') o POSITIONAL JOIN file('customers') "
       "c",
       "not POSITIONAL JOIN"},
      {"SELECT id + 1 AS n FROM generate('orders') WHERE 1 = 2",
       "not a condition that no row meets"},
      {"CREATE STREAM a AS SELECT count(*) AS n FROM generate('orders'); "
       "SELECT n + 1 AS m FROM a",
       "not an aggregate"},
  };
  for (const auto& [select, what] : cases) {
    SCOPED_TRACE(select);
    EXPECT_THAT(rows_of(select).status(),
                IsError(ErrorKind::kNotImplemented, HasSubstr(what)));
    EXPECT_THAT(rows_of(select, /*once=*/true), IsOk());
  }
  tables()["others"] = tables()["orders"];
  EXPECT_THAT(
      rows_of("SELECT a.id FROM generate('orders') a, generate('others') b").status(),
      IsError(ErrorKind::kNotImplemented, HasSubstr("only one may")));
}

TEST_F(StreamQueries, ReadWhatTheyJoinOnceOrAsOftenAsAsked) {
  const std::string select =
      "SELECT o.id, c.country FROM generate('orders') o JOIN file('customers') c "
      "ON o.customer = c.name";
  ASSERT_THAT(rows_of(select), IsOk());
  EXPECT_EQ(num_readers, 1);
  SessionOptions options;
  options.pipeline_options = {{"refresh", "1ms"}};
  num_readers = 0;
  ASSERT_THAT(rows_of(select, false, options), IsOk());
  EXPECT_GE(num_readers, 1);
}

TEST_F(StreamQueries, SayWhereWhatTheyJoinNeedsTooMuchMemory) {
  SessionOptions options;
  options.memory_bytes = 128 << 20;
  tables()["customers"] = rows_that(
      "SELECT i || repeat('x', 50000) AS name, 'NL' AS country FROM range(1000) t(i)");
  EXPECT_THAT(
      rows_of(
          "SELECT id FROM generate('orders') JOIN file('customers') ON name = customer",
          false, options)
          .status(),
      IsError(ErrorKind::kSystem, HasSubstr("held in memory")));
}

}  // namespace
}  // namespace velo
