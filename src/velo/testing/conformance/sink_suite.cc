#include "velo/testing/conformance/sink_suite.h"

#include <arrow/array/util.h>

#include <algorithm>
#include <iterator>

#include "velo/testing/conformance/epochs.h"
#include "velo/testing/matchers.h"

namespace velo::testing {
namespace {

using ::testing::HasSubstr;

void says_what_it_is(SinkTest& test) {
  const auto sink = test.open().ValueOrDie();
  EXPECT_EQ(sink->transactions() != nullptr,
            !test.kind().find_lack(Trait::kTransactional));
  EXPECT_EQ(sink->supports_upsert(), !test.kind().find_lack(Trait::kUpserts));
}

void shows_rows_when_it_is_finished(SinkTest& test) {
  const auto sink = test.open().ValueOrDie();
  const auto writer = sink->create_writer({.all_at_once = true});
  ASSERT_THAT(writer, IsOk());
  ASSERT_THAT((*writer)->write({.rows = named_rows(0, 10)}), IsOk());
  ASSERT_THAT((*writer)->write({.rows = named_rows(10, 10)}), IsOk());
  EXPECT_TRUE(has_rows(test, no_rows())) << "before finish()";
  ASSERT_THAT((*writer)->finish(), IsOk());
  EXPECT_GT((*writer)->bytes_written(), 0);
  EXPECT_THAT((*writer)->finish(), IsOk());
  (*writer)->abort();
  EXPECT_TRUE(has_rows(test, named_rows(0, 20)));
}

void drops_what_is_aborted(SinkTest& test) {
  const auto sink = test.open().ValueOrDie();
  {
    const auto writer = sink->create_writer({.all_at_once = true});
    ASSERT_THAT(writer, IsOk());
    ASSERT_THAT((*writer)->write({.rows = named_rows(0, 10)}), IsOk());
    (*writer)->abort();
    (*writer)->abort();
    EXPECT_FALSE((*writer)->finish().ok());
  }
  {
    const auto writer = sink->create_writer({.all_at_once = true});
    ASSERT_THAT(writer, IsOk());
    ASSERT_THAT((*writer)->write({.rows = named_rows(10, 10)}), IsOk());
  }
  EXPECT_TRUE(has_rows(test, no_rows()));
  const auto kept = test.place().leftovers();
  ASSERT_THAT(kept, IsOk());
  EXPECT_THAT(*kept, ::testing::IsEmpty());
}

void takes_an_empty_batch(SinkTest& test) {
  ASSERT_THAT(test.put({no_rows()}), IsOk());
  EXPECT_TRUE(has_rows(test, no_rows()));
  ASSERT_THAT(test.put({no_rows(), named_rows(0, 3), no_rows()}), IsOk());
  EXPECT_TRUE(has_rows(test, named_rows(0, 3)));
}

void adds_to_what_is_there(SinkTest& test) {
  ASSERT_THAT(test.put({named_rows(0, 10)}), IsOk());
  ASSERT_THAT(test.put({named_rows(10, 10)}), IsOk());
  EXPECT_TRUE(has_rows(test, named_rows(0, 20)));
}

void takes_many_columns(SinkTest& test) {
  ASSERT_THAT(test.put({wide_rows(20)}), IsOk());
  EXPECT_TRUE(has_rows(test, wide_rows(20)));
}

void keeps_values_at_their_limits(SinkTest& test) {
  const SinkKind& kind = test.kind();
  ASSERT_THAT(test.put({rows_at_limits(kind.types, TripEnd::kWritten, kind.years)}),
              IsOk());
  EXPECT_TRUE(has_rows(test, rows_at_limits(kind.types, TripEnd::kRead, kind.years)));
}

void refuses_types_by_the_column(SinkTest& test) {
  for (const TypeTrip& trip : test.kind().types) {
    if (trip.read || !trip.not_tried.empty()) continue;
    SCOPED_TRACE(trip.written->ToString());
    const auto schema = arrow::schema(
        {arrow::field("id", arrow::int64()), arrow::field("odd_column", trip.written)});
    const auto sink = test.open().ValueOrDie();
    Status status = sink->validate_schema(*schema);
    const Rows row =
        arrow::RecordBatch::Make(schema, 1,
                                 {named_rows(0, 1)->column(0),
                                  arrow::MakeArrayOfNull(trip.written, 1).ValueOrDie()});
    if (status.ok()) status = test.put({row});
    EXPECT_THAT(status, IsError(ErrorKind::kSchemaMismatch, HasSubstr("odd_column")));
  }
}

void refuses_another_schema_midway(SinkTest& test) {
  const auto sink = test.open().ValueOrDie();
  const auto writer = sink->create_writer({.all_at_once = true});
  ASSERT_THAT(writer, IsOk());
  ASSERT_THAT((*writer)->write({.rows = named_rows(0, 10)}), IsOk());
  EXPECT_THAT((*writer)->write({.rows = wide_rows(1)}),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("columns")));
  (*writer)->abort();
}

void refuses_a_column_that_is_not_there(SinkTest& test) {
  ASSERT_THAT(test.put({named_rows(0, 10)}), IsOk());
  const auto schema = arrow::schema(
      {arrow::field("id", arrow::int64()), arrow::field("odd_column", arrow::utf8())});
  const auto sink = test.open().ValueOrDie();
  EXPECT_THAT(sink->validate_schema(*named_schema()), IsOk());
  EXPECT_THAT(sink->validate_schema(*schema),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("odd_column")));
  EXPECT_THAT(test.put({arrow::RecordBatch::MakeEmpty(schema).ValueOrDie()}),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("odd_column")));
  EXPECT_TRUE(has_rows(test, named_rows(0, 10)));
}

void looks_without_making_anything(SinkTest& test) {
  const auto sink = test.open().ValueOrDie();
  EXPECT_THAT(sink->validate_schema(*named_schema()), IsOk());
  EXPECT_THAT(read_all(test.connector(), test.place(), named_schema()),
              IsError(ErrorKind::kNotFound, HasSubstr(test.place().name())));
}

void replaces_rows_of_a_key(SinkTest& test) {
  ASSERT_THAT(test.put({named_rows(0, 10)}), IsOk());
  // Ids from 5 on, with other names; id 14 comes twice, and the last counts.
  const Rows names = named_rows(105, 10);
  const Rows changed = arrow::RecordBatch::Make(
      named_schema(), 10, {named_rows(5, 10)->column(0), names->column(1)});
  ASSERT_THAT(test.put({named_rows(14, 1), changed}), IsOk());
  EXPECT_TRUE(has_rows(test, concatenate({named_rows(0, 5), changed}, named_schema())));
}

}  // namespace

Result<std::unique_ptr<DataSink>> SinkTest::open() const {
  ARROW_ASSIGN_OR_RAISE(auto sink, connector_.create_sink(place_.sink()));
  ARROW_RETURN_NOT_OK(sink->promise(std::nullopt));
  return sink;
}

std::vector<int64_t> SinkTest::ids_there() const {
  const auto seen = read_back();
  EXPECT_THAT(seen, IsOk());
  if (!seen.ok()) return {};
  auto ids = ids_of(*seen);
  std::ranges::sort(ids);
  return ids;
}

std::vector<SinkCase> sink_cases() {
  using enum Trait;
  return {
      {"SaysWhatItIs", {}, says_what_it_is},
      {"ShowsRowsWhenItIsFinished", {kReadsBack}, shows_rows_when_it_is_finished},
      {"DropsWhatIsAborted", {kReadsBack}, drops_what_is_aborted},
      {"TakesAnEmptyBatch", {kReadsBack}, takes_an_empty_batch},
      {"AddsToWhatIsThere", {kReadsBack, kAppends}, adds_to_what_is_there},
      {"TakesManyColumns", {kReadsBack}, takes_many_columns},
      {"KeepsValuesAtTheirLimits", {kReadsBack}, keeps_values_at_their_limits},
      {"RefusesTypesByTheColumn", {}, refuses_types_by_the_column},
      {"RefusesAnotherSchemaMidway", {}, refuses_another_schema_midway},
      {"RefusesAColumnThatIsNotThere",
       {kReadsBack, kChecksColumns},
       refuses_a_column_that_is_not_there},
      {"LooksWithoutMakingAnything",
       {kReadsBack, kNamesMissing},
       looks_without_making_anything},
      {"ReplacesRowsOfAKey", {kReadsBack, kUpserts}, replaces_rows_of_a_key},
  };
}

std::vector<SinkCase> all_sink_cases() {
  auto cases = sink_cases();
  std::ranges::move(commit_cases(), std::back_inserter(cases));
  std::ranges::move(recovery_cases(), std::back_inserter(cases));
  return cases;
}

}  // namespace velo::testing
