#include "velo/connectors/iceberg/committer.h"

#include <gtest/gtest.h>

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
    auto made = make_committer(*options, named_pipeline("changes"), observer_);
    EXPECT_THAT(made, IsOk());
    return *std::move(made);
  }

  velo::testing::TemporaryFolder folder_;
  CommitObserver observer_;
};

// A source may have named what it keeps after it, before the table was made.
TEST_F(Committers, KeepTheIncarnationOfANewTable) {
  const auto first = committer();
  const auto before = first->recover();
  ASSERT_THAT(before, IsOk());
  const auto schema = arrow::schema({arrow::field("id", arrow::int64())});
  ASSERT_THAT(first->create_writer(0, schema), IsOk());
  const auto again = first->recover();
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->incarnation, before->incarnation);

  const auto next = committer()->recover();
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ(next->incarnation, before->incarnation);
}

}  // namespace
}  // namespace velo::iceberg
