#include "velo/verify.h"

#include <arrow/array.h>
#include <arrow/json/from_string.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "velo/testing/matchers.h"
#include "velo/testing/scripted_source.h"

namespace velo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::velo::testing::IsError;
using ::velo::testing::IsOk;

using SchemaPointer = std::shared_ptr<arrow::Schema>;

SchemaPointer two_columns() {
  return arrow::schema(
      {arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8())});
}

// Rows that are there, in batches.
class RowsSource : public DataSource {
 public:
  RowsSource(SchemaPointer schema, const std::vector<std::string>& batches)
      : schema_(std::move(schema)) {
    for (const std::string& batch : batches) add(batch);
  }

  void add(const std::string& json) {
    const auto rows =
        arrow::json::ArrayFromJSONString(arrow::struct_(schema_->fields()), json)
            .ValueOrDie();
    batches_.push_back(arrow::RecordBatch::FromStructArray(rows).ValueOrDie());
  }

  Result<SchemaPointer> fetch_schema() override { return schema_; }
  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& options) override {
    struct Reader : DataReader {
      Result<std::optional<Batch>> read(std::stop_token stop) override {
        if (waits) testing::wait_until_stopped(stop);
        if (stop.stop_requested())
          return make_error(ErrorKind::kCancelled, {}, "stopped");
        ARROW_RETURN_NOT_OK(failure);
        if (batches.empty()) return std::nullopt;
        Batch batch{.rows = batches.front()};
        batches.erase(batches.begin());
        return batch;
      }
      std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
      Status failure;
      bool waits = false;
    };
    ++num_readers;
    auto reader = std::make_unique<Reader>();
    for (const auto& batch : batches_) {
      std::vector<int> indices;
      for (const std::string& name : *options.columns) {
        indices.push_back(batch->schema()->GetFieldIndex(name));
      }
      ARROW_ASSIGN_OR_RAISE(reader->batches.emplace_back(),
                            batch->SelectColumns(indices));
    }
    reader->failure = failure;
    reader->waits = waits;
    if (grows) add(R"([{"id": 100, "name": "late"}])");
    return reader;
  }
  bool supports_streaming() const override { return false; }
  bool supports_batch() const override { return ends; }
  bool can_reread() const override { return rereads; }

  bool ends = true;
  bool rereads = true;
  bool grows = false;
  bool waits = false;
  Status failure;
  int num_readers = 0;

 private:
  const SchemaPointer schema_;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches_;
};

RowsSource people(const std::vector<std::string>& batches) {
  return RowsSource(two_columns(), batches);
}

VerifyOptions by_id() { return {.columns = {}, .key = {"id"}}; }

std::string texts(const std::vector<VerifiedValue>& values) {
  std::string all;
  for (const VerifiedValue& value : values) {
    all += fmt::format("{}={} ", value.column, value.text.value_or("NULL"));
  }
  return all;
}

TEST(Verify, IsEqualInAnyOrderAndAnyBatches) {
  RowsSource source = people({R"([{"id": 1, "name": "a"}, {"id": 2, "name": null}])",
                              R"([{"id": 3, "name": ""}])"});
  RowsSource sink = people({R"([{"id": 3, "name": ""}])", "[]",
                            R"([{"id": 2, "name": null}, {"id": 1, "name": "a"}])"});
  const auto found = verify(source, sink, {});
  ASSERT_THAT(found, IsOk());
  EXPECT_TRUE(found->equal);
  EXPECT_EQ(found->source.num_rows, 3);
  EXPECT_EQ(found->source.hash, found->sink.hash);
  EXPECT_EQ(source.num_readers, 1);
  EXPECT_EQ(found->columns[1].as, "text");
}

TEST(Verify, IsEqualWhereNothingIs) {
  RowsSource source = people({});
  RowsSource sink = people({"[]"});
  const auto found = verify(source, sink, by_id());
  ASSERT_THAT(found, IsOk());
  EXPECT_TRUE(found->equal);
}

TEST(Verify, TellsWhichRowsDifferByTheirKeys) {
  RowsSource source =
      people({R"([{"id": 1, "name": "a"}, {"id": 2, "name": "b"}, {"id": 3, "name": null},
           {"id": 4, "name": "d"}, {"id": 5, "name": "e"}])"});
  RowsSource sink =
      people({R"([{"id": 6, "name": "f"}, {"id": 5, "name": "e"}, {"id": 4, "name": "d"},
           {"id": 4, "name": "d"}, {"id": 3, "name": ""}, {"id": 2, "name": "b"}])"});
  const auto found = verify(source, sink, by_id());
  ASSERT_THAT(found, IsOk());
  EXPECT_FALSE(found->equal);
  EXPECT_TRUE(found->all_counted);
  EXPECT_EQ(found->differences.only_in_source, 1);
  EXPECT_EQ(found->differences.only_in_sink, 1);
  EXPECT_EQ(found->differences.changed, 1);
  EXPECT_EQ(found->differences.repeated, 1);
  ASSERT_THAT(found->rows, SizeIs(4));
  EXPECT_EQ(texts(found->rows[0].key), "id=1 ");
  EXPECT_EQ(texts(found->rows[0].source), "name=a ");
  EXPECT_EQ(texts(found->rows[1].source), "name=NULL ");
  EXPECT_EQ(texts(found->rows[1].sink), "name= ");
  EXPECT_EQ(found->rows[2].sink_rows, 2);
  EXPECT_EQ(texts(found->rows[3].sink), "name=f ");
  // A range for each of the six keys: 2 and 5 are equal.
  EXPECT_THAT(found->ranges, SizeIs(4));
  EXPECT_EQ(found->ranges[0].from, std::nullopt);
  EXPECT_EQ(found->ranges[0].to, "2");
  EXPECT_EQ(found->ranges[3].from, "6");
  EXPECT_EQ(found->ranges[3].sink_rows, 1);
}

TEST(Verify, ComparesWholeRowsWithoutAKey) {
  RowsSource source = people({R"([{"id": 1, "name": "a"}, {"id": 1, "name": "a"}])"});
  RowsSource sink = people({R"([{"id": 1, "name": "a"}, {"id": 1, "name": "b"}])"});
  const auto found = verify(source, sink, {});
  ASSERT_THAT(found, IsOk());
  EXPECT_FALSE(found->equal);
  EXPECT_THAT(found->ranges, IsEmpty());
  EXPECT_EQ(found->differences.repeated, 1);
  EXPECT_EQ(found->differences.only_in_sink, 1);
  EXPECT_EQ(texts(found->rows[1].sink), "id=1 name=b ");
}

TEST(Verify, ComparesTheColumnsThatAreNamed) {
  RowsSource source = people({R"([{"id": 1, "name": "a"}])"});
  RowsSource sink(arrow::schema({arrow::field("ID", arrow::utf8()),
                                 arrow::field("loaded_at", arrow::date32())}),
                  {R"([{"ID": "1", "loaded_at": 3}])"});
  EXPECT_THAT(
      verify(source, sink, {}),
      IsError(ErrorKind::kSchemaMismatch,
              "only the source has name; only the sink has loaded_at; say by their names "
              "which columns to compare"));
  const auto found = verify(source, sink, {.columns = {{"id"}}, .key = {}});
  ASSERT_THAT(found, IsOk());
  EXPECT_TRUE(found->equal);
  EXPECT_EQ(found->columns[0].as, "number");
  EXPECT_THAT(verify(source, sink, {.columns = {{"nam"}}, .key = {}}),
              IsError(ErrorKind::kInvalidArgument,
                      "the source has no column 'nam'; its columns are id, name"));
  for (const VerifyOptions& twice :
       {VerifyOptions{.columns = {{"id", "ID"}}, .key = {}},
        VerifyOptions{.columns = {{"id"}}, .key = {"id", "id"}}}) {
    EXPECT_THAT(verify(source, sink, twice),
                IsError(ErrorKind::kInvalidArgument, "column 'id' is named twice"));
  }
}

TEST(Verify, LeavesTheColumnsOfChangesOut) {
  RowsSource source(arrow::schema({arrow::field("id", arrow::int64()),
                                   arrow::field("_op", arrow::utf8())}),
                    {R"([{"id": 1, "_op": "c"}])"});
  RowsSource sink(arrow::schema({arrow::field("id", arrow::int64())}),
                  {R"([{"id": 1}])"});
  const auto found = verify(source, sink, {});
  ASSERT_THAT(found, IsOk());
  EXPECT_TRUE(found->equal);
  EXPECT_THAT(found->not_compared, ElementsAre("_op"));
}

// Far more than are looked at one by one.
TEST(Verify, CountsAtLeastSomeWhereAllDiffer) {
  std::string rows = "[";
  std::string others = "[";
  for (int id = 0; id < 300'000; ++id) {
    rows += fmt::format(R"({}{{"id": {}, "name": "a"}})", id ? "," : "", id);
    others += fmt::format(R"({}{{"id": {}, "name": "b"}})", id ? "," : "", id);
  }
  RowsSource source = people({rows + "]"});
  RowsSource sink = people({others + "]"});
  const auto found = verify(source, sink, by_id());
  ASSERT_THAT(found, IsOk());
  EXPECT_FALSE(found->all_counted);
  EXPECT_GT(found->differences.changed, 10'000);
  EXPECT_LT(found->differences.changed, 110'000);
  EXPECT_THAT(found->ranges, SizeIs(64));
  EXPECT_THAT(found->rows, SizeIs(10));
}

TEST(Verify, SaysWhenItCannotLookAgain) {
  RowsSource source = people({R"([{"id": 1, "name": "a"}])"});
  RowsSource sink = people({"[]"});
  sink.rereads = false;
  const auto found = verify(source, sink, by_id());
  ASSERT_THAT(found, IsOk());
  EXPECT_FALSE(found->equal);
  EXPECT_THAT(found->rows, IsEmpty());
  EXPECT_THAT(found->notice, HasSubstr("cannot be read again"));
}

TEST(Verify, SaysWhenItChangesMeanwhile) {
  RowsSource source = people({R"([{"id": 1, "name": "a"}])"});
  RowsSource sink = people({"[]"});
  sink.grows = true;
  const auto found = verify(source, sink, by_id());
  ASSERT_THAT(found, IsOk());
  EXPECT_THAT(found->notice, HasSubstr("has changed while it was read"));
}

TEST(Verify, EndsBothSidesAtTheFirstFailure) {
  for (const bool is_source : {true, false}) {
    RowsSource source = people({"[]"});
    RowsSource sink = people({"[]"});
    (is_source ? source : sink).failure =
        make_error(ErrorKind::kCorruptData, {}, "broken");
    (is_source ? sink : source).waits = true;
    EXPECT_THAT(verify(source, sink, {}), IsError(ErrorKind::kCorruptData, "broken"));
  }
}

TEST(Verify, EndsWithAStop) {
  RowsSource source = people({"[]"});
  RowsSource sink = people({"[]"});
  source.waits = true;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(verify(source, sink, {}, stop.get_token()),
              IsError(ErrorKind::kCancelled, "stopped"));
}

TEST(Verify, RefusesWhatHasNoEnd) {
  RowsSource source = people({"[]"});
  RowsSource sink = people({"[]"});
  sink.ends = false;
  EXPECT_THAT(verify(source, sink, {}),
              IsError(ErrorKind::kInvalidArgument, HasSubstr("the sink has no end")));
}

}  // namespace
}  // namespace velo
