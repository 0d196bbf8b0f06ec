#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/initialize.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <thread>

#include "velo/sql.h"
#include "velo/sql/rows_source.h"

namespace velo {
namespace {

using arrow::TimeUnit;
using testing::HasSubstr;

using Rows = std::shared_ptr<arrow::RecordBatch>;

// What memory('NAME') reads and writes.
std::map<std::string, Rows>& memory() {
  static std::map<std::string, Rows> rows;
  return rows;
}

class MemoryWriter : public DataWriter {
 public:
  explicit MemoryWriter(std::string name) : name_(std::move(name)) {}
  Status write(const Batch& batch, std::stop_token) override {
    batches_.push_back(batch.rows);
    return Status::OK();
  }
  Status finish() override {
    ARROW_ASSIGN_OR_RAISE(memory()[name_], arrow::ConcatenateRecordBatches(batches_));
    return Status::OK();
  }
  void abort() noexcept override { batches_.clear(); }
  int64_t bytes_written() const override { return 0; }

 private:
  const std::string name_;
  arrow::RecordBatchVector batches_;
};

class MemorySink : public DataSink {
 public:
  explicit MemorySink(std::string name) : name_(std::move(name)) {}
  Status validate_schema(const arrow::Schema&) override { return Status::OK(); }
  Result<std::unique_ptr<DataWriter>> create_writer(const WriteOptions&) override {
    return std::make_unique<MemoryWriter>(name_);
  }
  bool supports_transactions() const override { return true; }
  bool supports_upsert() const override { return false; }

 private:
  const std::string name_;
};

// How many batches EndlessSource has yielded.
std::atomic<int64_t>& num_yielded() {
  static std::atomic<int64_t> number = 0;
  return number;
}

// Yields numbers until it is stopped, or a failure after some.
class EndlessSource : public DataSource {
 public:
  explicit EndlessSource(int64_t fail_after) : fail_after_(fail_after) {}
  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    return arrow::schema({arrow::field("n", arrow::int64())});
  }
  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions&) override {
    struct Reader : DataReader {
      Result<std::optional<Batch>> read(std::stop_token stop) override {
        if (stop.stop_requested()) return Status::Cancelled("stopped");
        if (fail_after >= 0 && next >= fail_after) {
          return make_error(ErrorKind::kCorruptData,
                            {.resource = "numbers", .position = "line 7"},
                            "not a number");
        }
        ++num_yielded();
        num_yielded().notify_all();
        arrow::Int64Builder builder;
        for (int i = 0; i < 1000; ++i) ARROW_RETURN_NOT_OK(builder.Append(next++));
        ARROW_ASSIGN_OR_RAISE(auto column, builder.Finish());
        return Batch{arrow::RecordBatch::Make(
            arrow::schema({arrow::field("n", arrow::int64())}), 1000, {column})};
      }
      int64_t next = 0;
      int64_t fail_after = -1;
    };
    auto reader = std::make_unique<Reader>();
    reader->fail_after = fail_after_;
    return reader;
  }
  bool supports_streaming() const override { return false; }
  bool supports_batch() const override { return true; }

 private:
  const int64_t fail_after_;
};

const Registry& registry() {
  static const Registry registry = [] {
    Registry all;
    all.add({.scheme = "generate",
             .summary = "numbers",
             .create_source = [](const Uri& uri) -> Result<std::unique_ptr<DataSource>> {
               return std::make_unique<EndlessSource>(uri.path == "bad" ? 50'000 : -1);
             }});
    all.add({.scheme = "file",
             .summary = "rows in memory",
             .create_source = [](const Uri& uri) -> Result<std::unique_ptr<DataSource>> {
               const auto found = memory().find(uri.path);
               if (found == memory().end()) {
                 return make_error(ErrorKind::kNotFound, {.resource = uri.path},
                                   "not there");
               }
               return sql::make_rows_source(found->second);
             },
             .create_sink = [](const Uri& uri) -> Result<std::unique_ptr<DataSink>> {
               return std::make_unique<MemorySink>(uri.path);
             }});
    return all;
  }();
  return registry;
}

Session make_session(bool short_cut) {
  SessionOptions options;
  options.registry = &registry();
  options.short_cut = short_cut;
  return Session(options);
}

Rows rows_of(Session& session, const std::string& select) {
  MemorySink results("results");
  ExecuteOptions options;
  options.results = &results;
  const Status status = session.execute(select, options);
  EXPECT_TRUE(status.ok()) << status.message();
  return status.ok() ? memory().at("results") : nullptr;
}

// Rows of every type that SQL carries or widens, with NULLs, from an odd offset on.
Rows rows_of_every_type() {
  arrow::Int64Builder builder;
  for (const int64_t number : {0, 1, 2, 100, 3, 86'400'000}) {
    EXPECT_TRUE(builder.Append(number).ok());
  }
  EXPECT_TRUE(builder.AppendNull().ok());
  EXPECT_TRUE(builder.Append(7).ok());
  const auto numbers = builder.Finish().ValueOrDie();
  EXPECT_TRUE(arrow::compute::Initialize().ok());
  const auto as = [&](const std::shared_ptr<arrow::DataType>& type) {
    return arrow::compute::Cast(*numbers, type, arrow::compute::CastOptions::Unsafe())
        .ValueOrDie();
  };
  const auto texts = as(arrow::utf8());
  const auto list = [&](const std::shared_ptr<arrow::Array>& values) {
    const std::vector<int32_t> offsets = {0, 1, 1, 3, 4, 5, 8, 8, 8};
    return arrow::ListArray::FromArrays(
               arrow::Int32Array(9, arrow::Buffer::FromVector(offsets)), *values)
        .ValueOrDie();
  };
  arrow::ArrayVector columns;
  for (const auto& type : {arrow::boolean(),
                           arrow::int8(),
                           arrow::int16(),
                           arrow::int32(),
                           arrow::int64(),
                           arrow::uint8(),
                           arrow::uint16(),
                           arrow::uint32(),
                           arrow::uint64(),
                           arrow::float32(),
                           arrow::float64(),
                           arrow::utf8(),
                           arrow::large_utf8(),
                           arrow::decimal128(38, 2),
                           arrow::timestamp(TimeUnit::SECOND),
                           arrow::timestamp(TimeUnit::MILLI),
                           arrow::timestamp(TimeUnit::MICRO),
                           arrow::timestamp(TimeUnit::NANO),
                           arrow::timestamp(TimeUnit::MILLI, "Asia/Tokyo"),
                           arrow::time64(TimeUnit::MICRO)}) {
    columns.push_back(as(type));
  }
  columns.push_back(
      arrow::compute::Cast(*as(arrow::int32()), arrow::date32()).ValueOrDie());
  columns.push_back(arrow::compute::Cast(*texts, arrow::binary()).ValueOrDie());
  columns.push_back(
      arrow::compute::Cast(*texts, arrow::dictionary(arrow::int32(), arrow::utf8()))
          .ValueOrDie());
  columns.push_back(list(numbers));
  columns.push_back(list(list(texts)));
  columns.push_back(
      arrow::StructArray::Make(arrow::ArrayVector{numbers, texts, list(texts)},
                               std::vector<std::string>{"Number", "text", "list"})
          .ValueOrDie());
  columns.push_back(list(columns.back()));
  arrow::FieldVector fields;
  for (size_t i = 0; i < columns.size(); ++i) {
    fields.push_back(arrow::field("c" + std::to_string(i), columns[i]->type()));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), numbers->length(), columns)
      ->Slice(1);
}

TEST(Session, CarriesEveryTypeTheSameEitherWay) {
  memory()["types"] = rows_of_every_type();
  Session short_cut = make_session(true);
  Session duckdb = make_session(false);
  for (const char* select :
       {"SELECT * FROM file('types')", "SELECT * FROM file('types') WHERE c4 > 1",
        "SELECT * FROM file('types') LIMIT 3"}) {
    SCOPED_TRACE(select);
    const Rows left = rows_of(short_cut, select);
    const Rows right = rows_of(duckdb, select);
    ASSERT_TRUE(left && right);
    EXPECT_TRUE(left->schema()->Equals(*right->schema(), true))
        << left->schema()->ToString() << "\n"
        << right->schema()->ToString();
    ASSERT_TRUE(left->ValidateFull().ok());
    ASSERT_TRUE(right->ValidateFull().ok());
    EXPECT_TRUE(left->Equals(*right)) << left->ToString() << "\n" << right->ToString();
  }
}

// The rows of a SELECT as text, or that it failed.
std::string answer(Session& session, const std::string& select) {
  MemorySink results("results");
  ExecuteOptions options;
  options.results = &results;
  if (!session.execute(select, options).ok()) return "failed";
  const Rows& rows = memory().at("results");
  return rows->schema()->ToString() + rows->ToString();
}

// Whatever a term compares: the short cut is taken only where it answers as DuckDB does.
TEST(Session, ComparesTheSameEitherWay) {
  arrow::DoubleBuilder builder;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double number : {0.0, -0.0, 0.5, 1.0, kInfinity, -kInfinity, std::nan("")}) {
    ASSERT_TRUE(builder.Append(number).ok());
  }
  const Rows all = rows_of_every_type();
  memory()["types"] = *all->SetColumn(10, arrow::field("c10", arrow::float64()),
                                      builder.Finish().ValueOrDie());
  Session short_cut = make_session(true);
  Session duckdb = make_session(false);
  for (int column = 0; column < all->num_columns(); ++column) {
    for (const char* term : {"= 1",
                             "> 1",
                             "<> 100",
                             "< 3",
                             ">= 0.5",
                             "<= 2.00",
                             "> -1",
                             "= 300",
                             "> '2'",
                             "<> 'x'",
                             ">= '1970-01-02'",
                             "= DATE '1970-01-02'",
                             "< TIMESTAMP '1970-01-01 00:00:02'",
                             "= true",
                             "IS NULL",
                             "IS NOT NULL",
                             "> 9007199254740993",
                             "< 18446744073709551615",
                             "BETWEEN 1 AND 3.5",
                             "= NULL"}) {
      const std::string select =
          fmt::format("SELECT c{0} AS x FROM file('types') WHERE c{0} {1}", column, term);
      SCOPED_TRACE(select);
      EXPECT_EQ(answer(short_cut, select), answer(duckdb, select));
    }
  }
}

TEST(Session, CarriesAThousandColumns) {
  const Rows numbers = rows_of_every_type();
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (int i = 0; i < 1000; ++i) {
    fields.push_back(arrow::field("c" + std::to_string(i), arrow::int64()));
    columns.push_back(numbers->GetColumnByName("c4"));
  }
  memory()["wide"] = arrow::RecordBatch::Make(arrow::schema(fields), 7, columns);
  for (const bool short_cut : {true, false}) {
    Session session = make_session(short_cut);
    const Rows rows =
        rows_of(session, "SELECT c999, c0, c500 FROM file('wide') WHERE c7 = 3");
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->num_rows(), 1);
    EXPECT_EQ(rows->schema()->field(0)->name(), "c999");
    EXPECT_EQ(rows_of(session, "SELECT * FROM file('wide')")->num_columns(), 1000);
  }
}

TEST(Session, FailsWithTheSourcesOwnError) {
  for (const char* select : {"SELECT * FROM generate('bad')",
                             "SELECT sum(n) AS s FROM generate('bad') WHERE n % 2 = 0"}) {
    SCOPED_TRACE(select);
    Session session = make_session(true);
    MemorySink results("results");
    ExecuteOptions options;
    options.results = &results;
    const Status status = session.execute(select, options);
    EXPECT_EQ(kind_of(status), ErrorKind::kCorruptData);
    EXPECT_EQ(status.message(), "numbers: line 7: not a number");
  }
}

TEST(Session, StopsWhenAsked) {
  for (const char* select :
       {"SELECT * FROM generate('')", "SELECT sum(n) AS s FROM generate('')",
        "SELECT count(*) AS c FROM generate('') a, range(1000000) b(n) WHERE a.n <> "
        "b.n"}) {
    SCOPED_TRACE(select);
    Session session = make_session(true);
    MemorySink results("results");
    ExecuteOptions options;
    options.results = &results;
    num_yielded() = 0;
    std::stop_source stop;
    std::jthread stopping([&] {
      num_yielded().wait(0);
      stop.request_stop();
    });
    const Status status = session.execute(select, options, stop.get_token());
    EXPECT_EQ(kind_of(status), ErrorKind::kCancelled) << status.message();
  }
}

TEST(Session, StopsBeforeItBegins) {
  Session session = make_session(true);
  const auto source = session.query(
      "SELECT count(*) AS c FROM range(1000000000000) t(n) WHERE n % 7 = 1");
  ASSERT_TRUE(source.ok()) << source.status().message();
  const auto reader = (*source)->create_reader();
  ASSERT_TRUE(reader.ok());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(kind_of((*reader)->read(stop.get_token()).status()), ErrorKind::kCancelled);
}

TEST(Session, SaysOfAStatementThatWasStoppedBeforeItBegan) {
  Session session = make_session(true);
  std::stop_source stop;
  stop.request_stop();
  std::vector<std::string> told;
  ExecuteOptions options;
  options.on_failure = [&](const StatementResult& result, const Status& status) {
    told.push_back(result.place + ": " + status.message());
  };
  const Status status = session.execute(
      "CREATE STREAM a AS SELECT 1 AS n;\nSELECT * FROM a;", options, stop.get_token());
  EXPECT_EQ(kind_of(status), ErrorKind::kCancelled) << status.message();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told[0],
              HasSubstr("SQL:1:1: SQL:1:1: not run: stopped before it had begun"));
}

TEST(Session, TellsOfEachStatement) {
  memory()["numbers"] = rows_of_every_type();
  Session session = make_session(true);
  std::vector<StatementResult> results;
  std::vector<StatementResult> started;
  int64_t num_rows = 0;
  ExecuteOptions options;
  options.name = "a.sql";
  options.on_start = [&](const StatementResult& result) { started.push_back(result); };
  options.on_progress = [&](const StatementResult& result) {
    EXPECT_EQ(result.pipeline, started.back().pipeline);
    num_rows = result.progress.num_rows;
  };
  options.on_statement = [&](const StatementResult& result) {
    results.push_back(result);
  };
  const Status status = session.execute(
      "CREATE STREAM few AS SELECT c4 FROM file('numbers') LIMIT 2;\n"
      "CREATE STREAM IF NOT EXISTS few AS SELECT 1;\n"
      "  INSERT INTO file('a'), file('b') SELECT * FROM few;",
      options);
  ASSERT_TRUE(status.ok()) << status.message();
  ASSERT_EQ(results.size(), 4U);
  EXPECT_EQ(results[0].name, "few");
  EXPECT_TRUE(results[1].skipped);
  EXPECT_EQ(results[2].kind, StatementKind::kInsert);
  EXPECT_EQ(results[2].place, "a.sql:3:3");
  EXPECT_EQ(results[2].progress.num_rows, 2);
  EXPECT_EQ(results[2].sinks, std::vector<std::string>{"file:a"});
  EXPECT_EQ(results[3].sinks, std::vector<std::string>{"file:b"});
  EXPECT_EQ(num_rows, 2);
  ASSERT_EQ(started.size(), 2U);
  EXPECT_EQ(started[0].place, results[2].place);
  EXPECT_TRUE(started[0].pipeline.starts_with("run_")) << started[0].pipeline;
  EXPECT_NE(started[0].pipeline, started[1].pipeline);
  EXPECT_EQ(started[0].sources, std::vector<std::string>{"file:numbers"});
  EXPECT_TRUE(memory().at("a")->Equals(*memory().at("b")));
}

TEST(Session, SaysThatRowsHaveNowhereToGo) {
  Session session = make_session(true);
  const Status status = session.execute("SELECT 1", {});
  EXPECT_EQ(kind_of(status), ErrorKind::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("nowhere to go"));
}

TEST(Session, ReadsNamedConnections) {
  memory()["shop/orders"] = rows_of_every_type();
  SessionOptions options;
  options.registry = &registry();
  options.connections =
      *Connections::from_toml("[connections.shop]\nuri = \"file:shop\"\n", "velo.toml");
  for (const bool short_cut : {true, false}) {
    options.short_cut = short_cut;
    Session session(options);
    EXPECT_EQ(rows_of(session, "SELECT c4 FROM '@shop/orders' WHERE c4 = 7")->num_rows(),
              1);
    ExecuteOptions execute;
    const Status status = session.execute("SELECT * FROM '@shp/orders'", execute);
    EXPECT_THAT(status.message(), HasSubstr("shop"));
  }
}

TEST(Session, QueriesTheLastStatement) {
  Session session = make_session(true);
  const auto source = session.query(
      "CREATE STREAM a AS SELECT 1 AS x; INSERT INTO file('never') SELECT x + 1 AS y "
      "FROM a");
  ASSERT_TRUE(source.ok()) << source.status().message();
  EXPECT_EQ((*(*source)->fetch_schema())->field_names(), std::vector<std::string>{"y"});
  for (int i = 0; i < 2; ++i) {  // a second reader reads again
    const auto reader = (*source)->create_reader();
    ASSERT_TRUE(reader.ok());
    const auto batch = (*reader)->read();
    ASSERT_TRUE(batch.ok() && *batch);
    EXPECT_EQ((**batch).rows->num_rows(), 1);
    EXPECT_FALSE(*(*reader)->read());
  }
  EXPECT_EQ(memory().count("never"), 0U);
  EXPECT_THAT(session.query("SELECT 1; SELECT 2").status().message(),
              HasSubstr("only CREATE STREAM"));
  EXPECT_FALSE(session.query(" -- nothing").ok());
}

TEST(Session, RefusesTextThatIsNotUtf8) {
  Session session = make_session(true);
  EXPECT_THAT(session.execute("SELECT 1;\nSELECT '\xFF'", {}).message(),
              HasSubstr("SQL:2:9: this is not text in UTF-8"));
}

TEST(Pipeline, MovesRows) {
  memory()["from"] = rows_of_every_type();
  auto pipeline = Pipeline::make("copy", "SELECT c4 * 2 AS twice FROM file('from')",
                                 "file:to", registry());
  ASSERT_TRUE(pipeline.ok()) << pipeline.status().message();
  EXPECT_EQ(memory().count("to"), 0U);
  for (int i = 0; i < 2; ++i) {
    const Status status = pipeline->run({});
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(memory().at("to")->num_rows(), 7);
    EXPECT_EQ(pipeline->progress().num_rows, 7);
  }
}

TEST(Pipeline, SaysAtOnceWhatCannotBe) {
  memory()["from"] = rows_of_every_type();
  EXPECT_THAT(
      Pipeline::make("p", "SELECT nothing FROM file('from')", "file:to", registry())
          .status()
          .message(),
      HasSubstr("p:1:8: there is no column \"nothing\""));
  EXPECT_FALSE(Pipeline::make("p", "SELECT 1", "nowhere://x", registry()).ok());
}

}  // namespace
}  // namespace velo
