#include <arrow/builder.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>

#include "velo/testing/conformance/source_suite.h"
#include "velo/testing/matchers.h"

namespace velo::testing {
namespace {

using ::testing::HasSubstr;

// A row is bad where its number is no int32.
constexpr int64_t kTooLarge = int64_t{1} << 40;
constexpr char kBeginOfTooLarge[] = "109951";
constexpr int64_t kBadEvery = 7;

bool is_bad(int64_t id) { return id % kBadEvery == 3; }

// Columns in which some rows do not fit, as they are written or read.
std::shared_ptr<arrow::Schema> schema_with(const std::shared_ptr<arrow::DataType>& type) {
  return arrow::schema({arrow::field("id", arrow::int64()),
                        arrow::field("name", arrow::utf8()),
                        arrow::field("number", type)});
}

Rows rows_with_bad_ones(int64_t first_id, int64_t num_rows) {
  const Rows named = named_rows(first_id, num_rows);
  arrow::Int64Builder numbers;
  for (int64_t id = first_id; id < first_id + num_rows; ++id) {
    EXPECT_TRUE(numbers.Append(is_bad(id) ? kTooLarge + id : id).ok());
  }
  return arrow::RecordBatch::Make(
      schema_with(arrow::int64()), num_rows,
      {named->column(0), named->column(1), numbers.Finish().ValueOrDie()});
}

// Put there in two parts; answers how many.
Result<int64_t> fill(SourceTest& test) {
  const int64_t num_rows = test.kind().num_rows_for_positions;
  const int64_t half = num_rows / 2;
  ARROW_RETURN_NOT_OK(test.put({rows_with_bad_ones(0, half)}));
  ARROW_RETURN_NOT_OK(test.put({rows_with_bad_ones(half, num_rows - half)}));
  return num_rows;
}

// A source that keeps bad records, and what was read of it, closed together.
struct Reading {
  std::unique_ptr<DataSource> source;
  std::unique_ptr<SplitReading> splits;
};

Result<Reading> read_to_end(const SourceTest& test, const Positions& from = {}) {
  ARROW_ASSIGN_OR_RAISE(auto source, test.open(schema_with(arrow::int32())));
  source->keep_bad_records();
  ARROW_ASSIGN_OR_RAISE(auto splits, SplitReading::start(*source, {.once = true}, from));
  ARROW_RETURN_NOT_OK(splits->read_to_end());
  return Reading{std::move(source), std::move(splits)};
}

// The ids of the bad records of some batches, which their bytes tell; sorted.
std::vector<int64_t> bad_ids_of(const std::vector<Batch>& batches) {
  std::vector<int64_t> ids;
  for (const Batch& batch : batches) {
    for (const BadRecord& record : batch.bad ? *batch.bad : BadRecords()) {
      const size_t at = record.bytes.rfind(kBeginOfTooLarge);
      EXPECT_NE(at, std::string::npos) << record.bytes;
      if (at == std::string::npos) continue;
      ids.push_back(std::stoll(record.bytes.substr(at)) - kTooLarge);
    }
  }
  std::ranges::sort(ids);
  return ids;
}

std::vector<int64_t> sorted_ids_of(const std::vector<Batch>& batches) {
  std::vector<Rows> rows;
  for (const Batch& batch : batches) rows.push_back(batch.rows);
  auto ids = ids_of(rows);
  std::ranges::sort(ids);
  return ids;
}

void keeps_them_beside_the_rows(SourceTest& test) {
  const auto num_rows = fill(test);
  ASSERT_THAT(num_rows, IsOk());
  const auto reading = read_to_end(test);
  ASSERT_THAT(reading, IsOk());
  std::vector<int64_t> good(static_cast<size_t>(*num_rows));
  std::iota(good.begin(), good.end(), 0);
  std::vector<int64_t> bad;
  std::ranges::copy_if(good, std::back_inserter(bad), is_bad);
  std::erase_if(good, is_bad);
  EXPECT_EQ(sorted_ids_of(reading->splits->batches()), good);
  EXPECT_EQ(bad_ids_of(reading->splits->batches()), bad);
}

void says_what_they_are(SourceTest& test) {
  ASSERT_THAT(fill(test), IsOk());
  const auto reading = read_to_end(test);
  ASSERT_THAT(reading, IsOk());
  std::map<SplitId, Position> last;
  for (const Batch& batch : reading->splits->batches()) {
    Position& before = last[batch.split];
    for (const BadRecord& record : batch.bad ? *batch.bad : BadRecords()) {
      ASSERT_THAT(record.error, IsError(ErrorKind::kSchemaMismatch, HasSubstr("number")));
      ASSERT_EQ(record.bytes.find('\n'), std::string::npos);
      ASSERT_LT(before, record.position) << "of " << batch.split;
      before = record.position;
      if (batch.position.bytes.empty()) continue;
      ASSERT_LE(record.position, batch.position) << "of " << batch.split;
    }
    before = std::max(before, batch.position);
  }
}

void goes_on_behind_them(SourceTest& test) {
  ASSERT_THAT(fill(test), IsOk());
  const auto reading = read_to_end(test);
  ASSERT_THAT(reading, IsOk());
  const auto& batches = reading->splits->batches();
  const Positions ends = reading->splits->positions();
  constexpr size_t kMostTried = 6;
  const size_t step = std::max<size_t>(batches.size() / kMostTried, 1);
  for (size_t i = 0; i < batches.size(); i += step) {
    if (batches[i].position.bytes.empty()) continue;
    SCOPED_TRACE("after batch " + std::to_string(i) + " of " +
                 std::to_string(batches.size()) + ", of " + batches[i].split);
    std::vector<Batch> expected;
    for (size_t later = i + 1; later < batches.size(); ++later) {
      if (batches[later].split == batches[i].split) expected.push_back(batches[later]);
    }
    auto from = ends;
    from[batches[i].split] = {batches[i].position};
    const auto rest = read_to_end(test, from);
    ASSERT_THAT(rest, IsOk());
    ASSERT_EQ(sorted_ids_of(rest->splits->batches()), sorted_ids_of(expected));
    ASSERT_EQ(bad_ids_of(rest->splits->batches()), bad_ids_of(expected));
  }
}

void fails_with_the_first(SourceTest& test) {
  ASSERT_THAT(fill(test), IsOk());
  const auto source = test.open(schema_with(arrow::int32())).ValueOrDie();
  const auto reader = source->create_reader({.once = true});
  const auto failed = reader.ok() ? take_all(**reader).status() : reader.status();
  EXPECT_THAT(failed, IsError(ErrorKind::kSchemaMismatch, HasSubstr("number")));
}

}  // namespace

std::vector<SourceCase> bad_record_cases() {
  using enum Trait;
  return {
      {"KeepsBadRecordsBesideTheRows",
       {kReplayable, kBadRecords},
       keeps_them_beside_the_rows},
      {"SaysWhatBadRecordsAre", {kReplayable, kBadRecords}, says_what_they_are},
      {"GoesOnBehindBadRecords", {kReplayable, kBadRecords}, goes_on_behind_them},
      {"FailsWithABadRecord", {kBadRecords}, fails_with_the_first},
  };
}

}  // namespace velo::testing
