#include "velo/connectors/generate/source.h"

#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "velo/base/big_endian.h"
#include "velo/connectors/generate/connector.h"
#include "velo/testing/manual_clock.h"

namespace velo::generate {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using testing::ManualClock;

Result<std::unique_ptr<DataSource>> open(std::string_view uri,
                                         Clock& clock = steady_clock()) {
  ARROW_ASSIGN_OR_RAISE(const Uri parsed, parse_uri(uri));
  return GenerateSource::make(parsed, clock);
}

std::string error_of(std::string_view uri, ErrorKind kind) {
  const auto source = open(uri);
  if (source.ok()) return "no error";
  EXPECT_EQ(to_string(kind_of(source.status())), to_string(kind));
  return source.status().message();
}

using Batches = std::vector<std::shared_ptr<arrow::RecordBatch>>;

Result<Batches> read_all(DataReader& reader) {
  Batches batches;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader.read());
    if (!batch) return batches;
    batches.push_back(batch->rows);
  }
}

Batches batches_of(std::string_view uri, const ReadOptions& options = {}) {
  auto source = open(uri).ValueOrDie();
  auto reader = source->create_reader(options).ValueOrDie();
  return read_all(*reader).ValueOrDie();
}

std::shared_ptr<arrow::Table> table_of(std::string_view uri,
                                       const ReadOptions& options = {}) {
  return arrow::Table::FromRecordBatches(batches_of(uri, options))
      .ValueOrDie()
      ->CombineChunks()
      .ValueOrDie();
}

std::vector<int64_t> lengths_of(const Batches& batches) {
  std::vector<int64_t> lengths;
  for (const auto& batch : batches) lengths.push_back(batch->num_rows());
  return lengths;
}

TEST(Generate, Defaults) {
  const auto source = open("generate://orders").ValueOrDie();
  EXPECT_TRUE(source->supports_batch());
  EXPECT_FALSE(source->supports_streaming());
  const auto table = table_of("generate://orders");
  EXPECT_EQ(table->num_rows(), 1'000'000);
  EXPECT_TRUE(table->schema()->Equals(*source->fetch_schema().ValueOrDie()));
}

TEST(Generate, RowsDoNotDependOnBatchSize) {
  for (const std::string_view name : {"orders", "events", "lineitem"}) {
    SCOPED_TRACE(name);
    const auto expected = table_of(fmt::format("generate://{}?rows=1000&seed=7", name));
    for (const int size : {1, 3, 8, 999, 1000, 5000}) {
      SCOPED_TRACE(size);
      const auto table = table_of(
          fmt::format("generate://{}?rows=1000&seed=7&batch_size={}", name, size));
      EXPECT_TRUE(table->Equals(*expected));
    }
  }
}

TEST(Generate, MoreRowsBeginWithTheSame) {
  const auto few = table_of("generate://lineitem?rows=100");
  const auto many = table_of("generate://lineitem?rows=1000");
  EXPECT_TRUE(many->Slice(0, 100)->Equals(*few));
}

TEST(Generate, BatchSize) {
  EXPECT_THAT(lengths_of(batches_of("generate://orders?rows=10&batch_size=4")),
              ElementsAre(4, 4, 2));
}

TEST(Generate, EmptyTableTellsItsSchema) {
  const auto batches = batches_of("generate://events?rows=0");
  ASSERT_THAT(lengths_of(batches), ElementsAre(0));
  EXPECT_TRUE(batches[0]->schema()->Equals(*schema_of(events_table().columns)));
  EXPECT_TRUE(batches[0]->ValidateFull().ok());
}

TEST(Generate, ProjectsInTheOrderAsked) {
  ReadOptions options;
  options.columns = {"total", "id"};
  const auto some = table_of("generate://orders?rows=100", options);
  const auto all = table_of("generate://orders?rows=100");
  EXPECT_THAT(some->ColumnNames(), ElementsAre("total", "id"));
  EXPECT_TRUE(some->column(0)->Equals(all->GetColumnByName("total")));
  EXPECT_TRUE(some->column(1)->Equals(all->GetColumnByName("id")));
}

TEST(Generate, NoColumnsAreStillRows) {
  ReadOptions options;
  options.columns.emplace();
  EXPECT_THAT(lengths_of(batches_of("generate://orders?rows=3&batch_size=2", options)),
              ElementsAre(2, 1));
}

TEST(Generate, LimitEndsEarly) {
  ReadOptions options;
  options.limit = 5;
  EXPECT_THAT(lengths_of(batches_of("generate://orders?batch_size=3", options)),
              ElementsAre(3, 2));
  EXPECT_THAT(lengths_of(batches_of("generate://orders?rows=2", options)),
              ElementsAre(2));
  options.limit = 0;
  EXPECT_THAT(lengths_of(batches_of("generate://orders", options)), ElementsAre(0));
}

TEST(Generate, UnboundedGoesOn) {
  const auto source = open("generate://orders?unbounded&batch_size=10").ValueOrDie();
  EXPECT_FALSE(source->supports_batch());
  EXPECT_TRUE(source->supports_streaming());
  const auto reader = source->create_reader().ValueOrDie();
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(reader->read().ValueOrDie().has_value());
}

TEST(Generate, StopEndsReading) {
  const auto source = open("generate://orders?unbounded").ValueOrDie();
  const auto reader = source->create_reader().ValueOrDie();
  std::stop_source stop;
  EXPECT_TRUE(reader->read(stop.get_token()).ok());
  stop.request_stop();
  EXPECT_EQ(kind_of(reader->read(stop.get_token()).status()), ErrorKind::kCancelled);
  EXPECT_EQ(kind_of(reader->read().status()), ErrorKind::kCancelled) << "sticky";
}

TEST(Generate, RateSpreadsRowsOverTime) {
  ManualClock clock;
  const auto source = open("generate://orders?rows=100&rate=200", clock).ValueOrDie();
  const auto reader = source->create_reader().ValueOrDie();
  const auto batches = read_all(*reader).ValueOrDie();
  EXPECT_EQ(batches.size(), 10);
  EXPECT_EQ(clock.elapsed(), milliseconds(450)) << "90 rows before the last batch";
}

TEST(Generate, RateLetsASlowReaderCatchUp) {
  ManualClock clock;
  const auto source = open("generate://orders?rate=20&batch_size=1", clock).ValueOrDie();
  const auto reader = source->create_reader().ValueOrDie();
  ASSERT_TRUE(reader->read().ok());
  clock.advance(milliseconds(1000));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(reader->read().ok());
  EXPECT_EQ(clock.elapsed(), milliseconds(1000));
  ASSERT_TRUE(reader->read().ok());
  EXPECT_EQ(clock.elapsed(), milliseconds(1050));
}

TEST(Generate, RateBelowOneStepASecond) {
  ManualClock clock;
  const auto source = open("generate://orders?rows=3&rate=1", clock).ValueOrDie();
  const auto reader = source->create_reader().ValueOrDie();
  EXPECT_THAT(lengths_of(read_all(*reader).ValueOrDie()), ElementsAre(1, 1, 1));
  EXPECT_EQ(clock.elapsed(), milliseconds(2000));
}

TEST(Generate, StopEndsTheWaitOfARate) {
  const auto source = open("generate://orders?rate=1").ValueOrDie();
  const auto reader = source->create_reader().ValueOrDie();
  std::stop_source stop;
  ASSERT_TRUE(reader->read(stop.get_token()).ok());
  const std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_EQ(kind_of(reader->read(stop.get_token()).status()), ErrorKind::kCancelled);
}

TEST(Generate, Errors) {
  EXPECT_EQ(error_of("generate:", ErrorKind::kInvalidArgument),
            "generate://: name a table: orders, events, lineitem");
  EXPECT_EQ(error_of("generate://order", ErrorKind::kNotFound),
            "generate://order: no table 'order', did you mean 'orders'?");
  EXPECT_EQ(error_of("generate://customers", ErrorKind::kNotFound),
            "generate://customers: no table 'customers'; the tables are orders, events, "
            "lineitem");
  EXPECT_EQ(error_of("generate://orders?rows=-5", ErrorKind::kInvalidArgument),
            "generate://orders: option 'rows': '-5' is not what it takes: 0 or more");
  EXPECT_EQ(
      error_of("generate://orders?rows=many", ErrorKind::kInvalidArgument),
      "generate://orders: option 'rows': 'many' is not what it takes: a whole number, "
      "such as 1000 or 10k");
  EXPECT_EQ(error_of("generate://orders?rate=-1", ErrorKind::kInvalidArgument),
            "generate://orders: option 'rate': '-1' is not what it takes: 0 or more");
  EXPECT_EQ(
      error_of("generate://orders?batch_size=0", ErrorKind::kInvalidArgument),
      "generate://orders: option 'batch_size': '0' is not what it takes: 1 to 1000000");
  EXPECT_EQ(error_of("generate://orders?row=5", ErrorKind::kInvalidArgument),
            "generate://orders: unknown option 'row'; did you mean 'rows'? `velo help "
            "generate` lists them all");
  EXPECT_EQ(error_of("generate://orders?rows=5&unbounded", ErrorKind::kInvalidArgument),
            "generate://orders: options 'rows' and 'unbounded' exclude each other: leave "
            "one out");
}

TEST(Generate, UnknownColumn) {
  const auto source = open("generate://orders").ValueOrDie();
  ReadOptions options;
  options.columns = {"id", "pricee"};
  const auto reader = source->create_reader(options);
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(kind_of(reader.status()), ErrorKind::kInvalidArgument);
  EXPECT_EQ(reader.status().message(),
            "generate://orders: no column 'pricee', did you mean 'price'?");
  options.columns = {"zzz"};
  EXPECT_EQ(
      source->create_reader(options).status().message(),
      "generate://orders: no column 'zzz'; the columns are id, customer_id, product, "
      "quantity, price, total, status, country, ordered_at");
}

TEST(Generate, ConnectorExamplesWork) {
  const Connector connector = generate_connector();
  EXPECT_EQ(connector.scheme, "generate");
  EXPECT_EQ(connector.create_sink, nullptr);
  for (const std::string_view example : connector.examples) {
    SCOPED_TRACE(example);
    EXPECT_TRUE(connector.create_source(parse_uri(example).ValueOrDie()).ok());
  }
}

TEST(Generate, SaysWhereItBeginsIfAsked) {
  const auto source = open("generate://orders?rows=3").ValueOrDie();
  const ReadOptions asked = {.tells_beginnings = true};
  auto reader = source->splits()->create_split_reader(asked).ValueOrDie();
  const std::vector<SplitStart> splits = {{"rows", std::nullopt}};
  ASSERT_TRUE(reader->assign(splits).ok());
  const auto first = std::get<Batch>(reader->poll({}, {}).ValueOrDie());
  EXPECT_EQ(first.rows->num_rows(), 0);
  EXPECT_EQ(first.position.bytes, std::string(8, '\0'));
  const auto rows = std::get<Batch>(reader->poll({}, {}).ValueOrDie());
  EXPECT_EQ(rows.rows->num_rows(), 3);
  auto again = source->splits()->create_split_reader(asked).ValueOrDie();
  const std::vector<SplitStart> later = {{"rows", SplitProgress{first.position}}};
  ASSERT_TRUE(again->assign(later).ok());
  EXPECT_TRUE(std::get<Batch>(again->poll({}, {}).ValueOrDie()).rows->Equals(*rows.rows));
}

TEST(Generate, SaysPositionsInWords) {
  Position position;
  append_big_endian(position.bytes, uint64_t{1234});
  EXPECT_EQ(describe_position("generate://orders", position), "row 1234");
  EXPECT_EQ(describe_position("generate://orders", {"short"}), "");
}

}  // namespace
}  // namespace velo::generate
