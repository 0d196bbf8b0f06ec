#include "velo/connectors/iceberg/committer.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "velo/testing/matchers.h"
#include "velo/testing/temporary_folder.h"

namespace velo::iceberg {
namespace {

using velo::testing::IsOk;

class Committers : public ::testing::Test {
 protected:
  std::unique_ptr<Committer> committer() {
    const auto uri = parse_uri(
        "iceberg://lake/new/target?create_namespace=true&warehouse=" + folder_.path());
    EXPECT_THAT(uri, IsOk());
    const auto options = IcebergOptions::from_uri(*uri, OptionUse::kSink);
    EXPECT_THAT(options, IsOk());
    return make_committer(*options, named_pipeline("changes"), observer_);
  }

  velo::testing::TemporaryFolder folder_;
  CommitObserver observer_;
};

// A source may have named what it keeps after it, before the table was made.
TEST_F(Committers, KeepTheIncarnationOfANewTable) {
  const auto first = committer();
  const auto before = first->recover({});
  ASSERT_THAT(before, IsOk());
  const auto schema = arrow::schema({arrow::field("id", arrow::int64())});
  ASSERT_THAT(first->create_writer(0, schema, {}), IsOk());
  const auto again = first->recover({});
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->incarnation, before->incarnation);

  const auto next = committer()->recover({});
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ(next->incarnation, before->incarnation);
}

TEST_F(Committers, LookWithoutMakingOrTakingAnything) {
  const auto nothing = committer()->look({});
  ASSERT_THAT(nothing, IsOk());
  EXPECT_TRUE(nothing->incarnation.empty());
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));

  const auto running = committer();
  ASSERT_THAT(running->recover({}), IsOk());
  const auto schema = arrow::schema({arrow::field("id", arrow::int64())});
  auto writer = running->create_writer(0, schema, {});
  ASSERT_THAT(writer, IsOk());
  ASSERT_THAT(committer()->look({}), IsOk());

  CommitRecord record{.epoch = 1,
                      .fingerprint = {.source = "a", .select = "b", .schema = "c"},
                      .positions = {{"split", {.position = {"7"}}}},
                      .num_rows = 3};
  const auto token = (*writer)->prepare(record);
  ASSERT_THAT(token, IsOk());
  ASSERT_THAT(running->commit(record, {&*token, 1}), IsOk()) << "nobody has taken over";
  const auto there = committer()->look({});
  ASSERT_THAT(there, IsOk());
  EXPECT_EQ(there->fingerprint, record.fingerprint);
  EXPECT_EQ(there->positions, record.positions);
  EXPECT_EQ(there->num_rows, 3);
}

}  // namespace
}  // namespace velo::iceberg
