#include "velo/testing/conformance/source_suite.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "velo/base/random_id.h"
#include "velo/testing/matchers.h"

namespace velo::testing {
namespace {

using ::testing::HasSubstr;

// A stop is heard in this time.
constexpr std::chrono::seconds kSoon{3};

void says_what_it_is(SourceTest& test) {
  ASSERT_THAT(test.fill(), IsOk());
  const auto source = test.open().ValueOrDie();
  EXPECT_EQ(source->splits() != nullptr, !test.kind().find_lack(Trait::kReplayable));
  EXPECT_EQ(source->supports_streaming(), !test.kind().find_lack(Trait::kStreams));
  EXPECT_TRUE(source->supports_batch());
  EXPECT_TRUE(source->can_reread());
}

void has_one_schema(SourceTest& test) {
  ASSERT_THAT(test.fill(), IsOk());
  const auto source = test.open().ValueOrDie();
  const auto schema = source->fetch_schema();
  ASSERT_THAT(schema, IsOk());
  EXPECT_TRUE((*schema)->Equals(**source->fetch_schema()));
  EXPECT_TRUE((*schema)->Equals(**test.open().ValueOrDie()->fetch_schema()));
  const auto reader = source->create_reader({.once = true});
  ASSERT_THAT(reader, IsOk());
  const auto batches = take_all(**reader);
  ASSERT_THAT(batches, IsOk());
  for (const Rows& batch : *batches) {
    ASSERT_TRUE(batch->schema()->Equals(**schema, /*check_metadata=*/false))
        << batch->schema()->ToString() << "\nis not\n"
        << (*schema)->ToString();
  }
}

void reads_each_row_once(SourceTest& test) {
  const auto expected = test.fill();
  ASSERT_THAT(expected, IsOk());
  for (int time = 0; time < 2; ++time) {
    const auto seen = test.read_all();
    ASSERT_THAT(seen, IsOk());
    EXPECT_TRUE(same_rows(*seen, *expected));
  }
}

void stays_ended(SourceTest& test) {
  ASSERT_THAT(test.fill(), IsOk());
  const auto source = test.open().ValueOrDie();
  const auto reader = source->create_reader({.once = true}).ValueOrDie();
  ASSERT_THAT(take_all(*reader), IsOk());
  const auto more = reader->read();
  ASSERT_THAT(more, IsOk());
  EXPECT_FALSE(more->has_value());
}

void reads_a_place_without_rows(SourceTest& test) {
  ASSERT_THAT(test.put({named_rows(0, 0)}), IsOk());
  const auto seen = test.read_all();
  ASSERT_THAT(seen, IsOk());
  EXPECT_TRUE(same_rows(*seen, named_rows(0, 0)));
  ASSERT_GE(seen->size(), 1U) << "an empty batch tells the schema";
  EXPECT_GE(seen->front()->schema()->GetFieldIndex("name"), 0);
}

void reads_one_row(SourceTest& test) {
  ASSERT_THAT(test.put({named_rows(7, 1)}), IsOk());
  const auto seen = test.read_all();
  ASSERT_THAT(seen, IsOk());
  EXPECT_TRUE(same_rows(*seen, named_rows(7, 1)));
}

void reads_many_columns(SourceTest& test) {
  const Rows rows = wide_rows(20);
  ASSERT_THAT(test.put({rows}), IsOk());
  const auto seen = test.read_all(rows->schema());
  ASSERT_THAT(seen, IsOk());
  EXPECT_TRUE(same_rows(*seen, rows));
}

void reads_values_at_their_limits(SourceTest& test) {
  const auto& kind = test.kind();
  ASSERT_THAT(test.put({rows_at_limits(kind.types, TripEnd::kWritten, kind.years)}),
              IsOk());
  const Rows expected = rows_at_limits(kind.types, TripEnd::kRead, kind.years);
  const auto seen = test.read_all(expected->schema());
  ASSERT_THAT(seen, IsOk());
  EXPECT_TRUE(same_rows(*seen, expected));
}

void keeps_the_order(SourceTest& test) {
  const auto expected = test.fill();
  ASSERT_THAT(expected, IsOk());
  const auto source = test.open().ValueOrDie();
  const auto reader = source->create_reader({.once = true}).ValueOrDie();
  const auto parts = (*expected)->num_rows() / 2;
  const auto wanted = ids_of({*expected});
  std::map<int64_t, size_t> place_of;
  for (size_t i = 0; i < wanted.size(); ++i) place_of[wanted[i]] = i;
  // Of each split, and of each of the two parts, by themselves.
  std::map<std::pair<SplitId, bool>, size_t> last;
  while (true) {
    const auto batch = reader->read();
    ASSERT_THAT(batch, IsOk());
    if (!*batch) break;
    for (const int64_t id : ids_of({(*batch)->rows})) {
      ASSERT_TRUE(place_of.contains(id)) << id;
      const size_t place = place_of[id] + 1;
      const bool is_second = static_cast<int64_t>(place) > parts;
      size_t& before = last[{(*batch)->split, is_second}];
      ASSERT_GT(place, before) << "row " << id << " came late";
      before = place;
    }
  }
}

void yields_the_columns_asked_for(SourceTest& test) {
  const auto expected = test.fill();
  ASSERT_THAT(expected, IsOk());
  auto names = (*expected)->schema()->field_names();
  std::ranges::reverse(names);
  const auto source = test.open().ValueOrDie();
  const auto reader = source->create_reader({.columns = names, .once = true});
  ASSERT_THAT(reader, IsOk());
  const auto seen = take_all(**reader);
  ASSERT_THAT(seen, IsOk());
  for (const Rows& rows : *seen) EXPECT_EQ(rows->schema()->field_names(), names);
  EXPECT_TRUE(same_rows(*seen, *expected));
  const auto one = source->create_reader({.columns = {{"id"}}, .once = true});
  ASSERT_THAT(one, IsOk());
  EXPECT_EQ(ids_of(*take_all(**one)).size(), ids_of({*expected}).size());
}

void refuses_a_column_that_is_not_there(SourceTest& test) {
  ASSERT_THAT(test.fill(), IsOk());
  const auto source = test.open().ValueOrDie();
  EXPECT_THAT(source->create_reader({.columns = {{"id", "nowhere"}}, .once = true}),
              IsError(ErrorKind::kInvalidArgument, HasSubstr("nowhere")));
}

void may_heed_a_limit(SourceTest& test) {
  constexpr int64_t kLimit = 3;
  const auto expected = test.fill();
  ASSERT_THAT(expected, IsOk());
  const auto source = test.open().ValueOrDie();
  const auto reader = source->create_reader({.limit = kLimit, .once = true});
  ASSERT_THAT(reader, IsOk());
  const auto seen = take_all(**reader);
  ASSERT_THAT(seen, IsOk());
  EXPECT_GE(ids_of(*seen).size(), static_cast<size_t>(kLimit));
}

void may_heed_a_predicate(SourceTest& test) {
  const auto expected = test.fill();
  ASSERT_THAT(expected, IsOk());
  const auto wanted = ids_of({*expected});
  const int64_t id = wanted[wanted.size() / 2];
  const auto source = test.open().ValueOrDie();
  const auto reader =
      source->create_reader({.predicate = {{"id", Comparison::Operator::kLess,
                                            std::make_shared<arrow::Int64Scalar>(id)}},
                             .once = true});
  ASSERT_THAT(reader, IsOk());
  const auto seen = take_all(**reader);
  ASSERT_THAT(seen, IsOk());
  const auto ids = ids_of(*seen);
  const auto is_less = [&](int64_t one) { return one < id; };
  EXPECT_EQ(std::ranges::count_if(ids, is_less), std::ranges::count_if(wanted, is_less));
}

void is_read_by_two_at_once(SourceTest& test) {
  const auto expected = test.fill();
  ASSERT_THAT(expected, IsOk());
  const auto source = test.open().ValueOrDie();
  const auto other = test.open().ValueOrDie();
  const auto first = source->create_reader({.once = true});
  const auto second = other->create_reader({.once = true});
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  std::vector<Rows> seen;
  for (auto batch = (*first)->read();; batch = (*first)->read()) {
    ASSERT_THAT(batch, IsOk());
    if (!*batch) break;
    seen.push_back((*batch)->rows);
    if (seen.size() == 1) {
      const auto seen_by_other = take_all(**second);
      ASSERT_THAT(seen_by_other, IsOk());
      EXPECT_TRUE(same_rows(*seen_by_other, *expected));
    }
  }
  EXPECT_TRUE(same_rows(seen, *expected));
}

void names_what_is_missing(SourceTest& test) {
  EXPECT_THAT(test.read_all(),
              IsError(ErrorKind::kNotFound, HasSubstr(test.place().name())));
}

void hears_a_stop_while_rows_come(SourceTest& test) {
  ASSERT_THAT(test.fill(), IsOk());
  const auto source = test.open().ValueOrDie();
  const auto reader = source->create_reader({.once = true});
  ASSERT_THAT(reader, IsOk());
  std::stop_source stop;
  stop.request_stop();
  const auto begin = std::chrono::steady_clock::now();
  auto batch = (*reader)->read(stop.get_token());
  // What was read already may still come.
  while (batch.ok() && *batch) batch = (*reader)->read(stop.get_token());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kSoon);
  EXPECT_THAT(batch, IsError(ErrorKind::kCancelled, HasSubstr("")));
  if (batch.ok()) return;
  EXPECT_EQ((*reader)->read().status(), batch.status()) << "an error stays";
}

}  // namespace

Result<Rows> SourceTest::fill(int64_t num_rows) {
  if (!kind_.find_lack(Trait::kTakesRows)) {
    const Rows rows = named_rows(0, num_rows);
    const int64_t half = num_rows / 2;
    ARROW_RETURN_NOT_OK(put({rows->Slice(0, half)}));
    ARROW_RETURN_NOT_OK(put({rows->Slice(half)}));
    return rows;
  }
  ARROW_ASSIGN_OR_RAISE(const auto source, open());
  ARROW_ASSIGN_OR_RAISE(const auto schema, source->fetch_schema());
  ARROW_ASSIGN_OR_RAISE(const auto rows, read_all());
  return concatenate(rows, schema);
}

Result<std::vector<Rows>> SourceTest::read_all(
    const std::shared_ptr<arrow::Schema>& schema) const {
  return testing::read_all(connector_, place_, schema);
}

std::vector<SourceCase> source_cases() {
  using enum Trait;
  return {
      {"SaysWhatItIs", {}, says_what_it_is},
      {"HasOneSchema", {}, has_one_schema},
      {"ReadsEachRowOnce", {}, reads_each_row_once},
      {"StaysEnded", {}, stays_ended},
      {"ReadsAPlaceWithoutRows", {kTakesRows, kReadsNothing}, reads_a_place_without_rows},
      {"ReadsOneRow", {kTakesRows}, reads_one_row},
      {"ReadsManyColumns", {kTakesRows}, reads_many_columns},
      {"ReadsValuesAtTheirLimits", {kTakesRows}, reads_values_at_their_limits},
      {"KeepsTheOrder", {kOrdered}, keeps_the_order},
      {"YieldsTheColumnsAskedFor", {}, yields_the_columns_asked_for},
      {"RefusesAColumnThatIsNotThere", {}, refuses_a_column_that_is_not_there},
      {"MayHeedALimit", {}, may_heed_a_limit},
      {"MayHeedAPredicate", {}, may_heed_a_predicate},
      {"IsReadByTwoAtOnce", {}, is_read_by_two_at_once},
      {"NamesWhatIsMissing", {kNamesMissing}, names_what_is_missing},
      {"HearsAStopWhileRowsCome", {}, hears_a_stop_while_rows_come},
  };
}

std::vector<SourceCase> all_source_cases() {
  auto cases = source_cases();
  std::ranges::move(split_cases(), std::back_inserter(cases));
  std::ranges::move(bad_record_cases(), std::back_inserter(cases));
  return cases;
}

}  // namespace velo::testing
