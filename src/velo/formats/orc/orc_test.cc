#include <gmock/gmock.h>

#include "velo/formats/orc/format.h"
#include "velo/formats/round_trip_for_test.h"

namespace velo::formats {
namespace {

using arrow::TimeUnit;
using ::testing::HasSubstr;

const Format& orc() { return orc_format(); }

const std::shared_ptr<arrow::Schema>& columns() {
  static const auto schema = arrow::schema(
      {arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8()),
       arrow::field("price", arrow::decimal128(12, 2)),
       arrow::field("day", arrow::date32()),
       arrow::field("at", arrow::timestamp(TimeUnit::NANO)),
       arrow::field("tags", arrow::list(arrow::utf8()))});
  return schema;
}

std::shared_ptr<arrow::RecordBatch> rows() {
  return batch_from_json(columns(), R"([
    {"id": 1, "name": "ä", "price": "1.50", "day": 20000, "at": 1, "tags": ["x", null]},
    {"id": 2, "name": null, "price": null, "day": null, "at": null, "tags": null},
    {"id": 3, "name": "", "price": "-0.01", "day": -1, "at": -1, "tags": []}])");
}

std::string file(std::vector<std::pair<std::string, std::string>> options = {}) {
  return written(orc(), {rows()}, values_of(orc(), std::move(options))).ValueOrDie();
}

TEST(Orc, ReadsWhatItWrote) {
  const auto expected = arrow::Table::FromRecordBatches({rows()}).ValueOrDie();
  for (const char* codec : {"auto", "none", "zlib", "snappy", "lz4", "zstd"}) {
    const auto table = read(orc(), file({{"compression", codec}}));
    ASSERT_TRUE(table.ok()) << codec << table.status();
    EXPECT_TRUE((*table)->Equals(*expected)) << codec << (*table)->ToString();
  }
}

// Seconds and what is behind them go apart in ORC; before 1970 they once came back wrong.
TEST(Orc, KeepsTimesOfEachUnitAndSign) {
  const int64_t kSecond = 1'000'000'000;
  for (const int64_t time : {int64_t{0}, int64_t{1}, int64_t{-1}, -kSecond, -kSecond - 1,
                             -kSecond + 1, 1 - 100 * kSecond, int64_t{-1'500'000'000},
                             int64_t{253'402'300'799'000}, int64_t{-62'135'596'800}}) {
    for (const auto unit :
         {TimeUnit::SECOND, TimeUnit::MILLI, TimeUnit::MICRO, TimeUnit::NANO}) {
      const auto schema = arrow::schema({arrow::field("at", arrow::timestamp(unit))});
      const int64_t nanos_per_unit = unit == TimeUnit::SECOND  ? kSecond
                                     : unit == TimeUnit::MILLI ? 1'000'000
                                     : unit == TimeUnit::MICRO ? 1'000
                                                               : 1;
      const auto batch =
          batch_from_json(schema, "[{\"at\": " + std::to_string(time) + "}]");
      const auto bytes = written(orc(), {batch}, values_of(orc(), {})).ValueOrDie();
      const auto table = read(orc(), bytes);
      int64_t nanos = 0;
      if (__builtin_mul_overflow(time, nanos_per_unit, &nanos)) {
        EXPECT_THAT(table.status().message(), HasSubstr("1677")) << time;
        continue;
      }
      ASSERT_TRUE(table.ok()) << table.status();
      const auto back = (*table)->column(0)->GetScalar(0).ValueOrDie();
      EXPECT_EQ(static_cast<const arrow::TimestampScalar&>(*back).value, nanos)
          << time << " " << static_cast<int>(unit);
    }
  }
}

TEST(Orc, NamesTheColumnWhoseTimesDoNotFit) {
  const auto schema = arrow::schema(
      {arrow::field("id", arrow::int64()),
       arrow::field("nested", arrow::struct_({arrow::field(
                                  "until", arrow::timestamp(TimeUnit::SECOND))})),
       arrow::field("name", arrow::utf8())});
  const auto batch = batch_from_json(
      schema, R"([{"id": 1, "nested": {"until": 253402300799}, "name": "a"}])");
  const auto bytes = written(orc(), {batch}, values_of(orc(), {})).ValueOrDie();
  const Status status = read(orc(), bytes).status();
  EXPECT_EQ(kind_of(status), ErrorKind::kCorruptData);
  EXPECT_THAT(status.message(), HasSubstr("rows: column 'nested': "));
  const auto table = read(orc(), bytes, {.columns = {{"name", "id"}}});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->num_rows(), 1);
}

TEST(Orc, HoldsNoRowsAtAll) {
  const auto bytes =
      written(orc(), {rows()->Slice(0, 0)}, values_of(orc(), {})).ValueOrDie();
  const auto table = read(orc(), bytes).ValueOrDie();
  EXPECT_EQ(table->num_rows(), 0);
  EXPECT_TRUE(table->schema()->Equals(*columns()));
}

TEST(Orc, ReadsTheColumnsWanted) {
  const auto table =
      read(orc(), file(), {.columns = {{"name", "id", "name"}}}).ValueOrDie();
  EXPECT_EQ(table->schema()->field_names(),
            (std::vector<std::string>{"name", "id", "name"}));
  EXPECT_TRUE(table->column(0)->Equals(table->column(2)));
  EXPECT_EQ(read(orc(), file(), {.columns = std::vector<std::string>()})
                .ValueOrDie()
                ->num_rows(),
            3);
}

TEST(Orc, IsCutOffNowhereUnseen) {
  const std::string bytes = file();
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto table = read(orc(), bytes.substr(0, size));
    ASSERT_FALSE(table.ok()) << size;
    ASSERT_EQ(kind_of(table.status()), ErrorKind::kCorruptData) << size;
    ASSERT_THAT(table.status().message(), HasSubstr("rows: not a whole ORC file"));
  }
}

TEST(Orc, WritesStripes) {
  const std::string text(1000, 'x');
  arrow::RecordBatchVector batches;
  const auto schema = arrow::schema({arrow::field("t", arrow::utf8())});
  for (int i = 0; i < 3000; ++i) {
    batches.push_back(batch_from_json(
        schema, "[{\"t\": \"" + std::to_string(i * 7919) + text + "\"}]"));
  }
  const auto bytes =
      written(orc(), batches,
              values_of(orc(), {{"stripe_bytes", "256KiB"}, {"compression", "none"}}))
          .ValueOrDie();
  EXPECT_EQ(read(orc(), bytes).ValueOrDie()->num_rows(), 3000);
}

TEST(Orc, RefusesTypesByTheColumnsName) {
  const auto schema =
      arrow::schema({arrow::field("id", arrow::int64()),
                     arrow::field("left", arrow::duration(TimeUnit::SECOND))});
  const Status status =
      written(orc(), {batch_from_json(schema, "[]")}, values_of(orc(), {})).status();
  EXPECT_EQ(kind_of(status), ErrorKind::kSchemaMismatch);
  EXPECT_THAT(status.message(), HasSubstr("column 'left'"));
}

TEST(Orc, RefusesOtherCodecs) {
  EXPECT_THAT(written(orc(), {rows()}, values_of(orc(), {{"compression", "brotli"}}))
                  .status()
                  .message(),
              HasSubstr("none, zlib, snappy, lz4, zstd"));
}

}  // namespace
}  // namespace velo::formats
