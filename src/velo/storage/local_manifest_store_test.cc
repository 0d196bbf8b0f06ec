#include "velo/storage/local_manifest_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "velo/storage/commits_for_test.h"
#include "velo/testing/as_nobody.h"
#include "velo/testing/matchers.h"
#include "velo/testing/temporary_folder.h"

namespace velo::storage {
namespace {

using testing::AsNobody;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

class LocalManifests : public ::testing::Test {
 protected:
  LocalManifests() { EXPECT_THAT(store_.open(), IsOk()); }

  const testing::TemporaryFolder folder_;
  LocalManifestStore store_{folder_.path(), "orders"};
};

TEST_F(LocalManifests, TakeANumberOnce) {
  EXPECT_EQ(store_.newest().ValueOrDie(), 0U);
  EXPECT_TRUE(store_.publish(7, "first").ValueOrDie());
  EXPECT_FALSE(store_.publish(7, "second").ValueOrDie());
  EXPECT_EQ(store_.read(7).ValueOrDie(), "first");
  EXPECT_EQ(store_.newest().ValueOrDie(), 7U);
  EXPECT_THAT(store_.read(8), IsError(ErrorKind::kNotFound, HasSubstr("0000000000008")));
  EXPECT_THAT(folder_.files(), ElementsAre("_velo/orders/0000000000007.json"));
}

TEST_F(LocalManifests, KeepTheNewestDoneMark) {
  EXPECT_EQ(store_.newest_done("i").ValueOrDie(), 0U);
  for (const uint64_t number : {3, 5, 4, 5})
    EXPECT_THAT(store_.mark_done("i", number), IsOk());
  EXPECT_EQ(store_.newest_done("i").ValueOrDie(), 5U);
}

TEST_F(LocalManifests, OfAnySizeAreReadWithoutMoreMemoryThanTheyHave) {
  const std::string large(std::size_t{3} << 20, 'x');
  EXPECT_TRUE(store_.publish(1, large).ValueOrDie());
  EXPECT_EQ(store_.read(1).ValueOrDie(), large);
  EXPECT_TRUE(store_.publish(2, "small").ValueOrDie());
  EXPECT_LT(store_.read(2)->capacity(), std::size_t{1} << 20);
}

TEST_F(LocalManifests, SayThatTheyMayHaveAppeared) {
  if (!AsNobody::can_reach("/tmp")) GTEST_SKIP() << "nobody cannot enter / here";
  // A directory that can be written to, and not be opened to make its names durable.
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0777), 0);
  for (const char* name : {"_velo", "_velo/orders"}) {
    ASSERT_EQ(::chmod(folder_.at(name).c_str(), 0733), 0);
  }
  {
    const AsNobody nobody;
    EXPECT_THAT(store_.publish(1, "text"),
                IsError(ErrorKind::kCommitStateUnknown, HasSubstr("Permission denied")));
  }
  EXPECT_EQ(store_.newest().ValueOrDie(), 1U);
}

TEST(LocalManifestPlaces, ThatCannotBeWrittenAreNamed) {
  const testing::TemporaryFolder folder;
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  folder.write("file", "");
  EXPECT_THAT(TestProcess::start(folder.at("file/")),
              IsError(ErrorKind::kNotFound,
                      folder.at("file") + ": cannot write into it: Not a directory"));
  EXPECT_THAT(TestProcess::start(folder.at("file/below/")),
              IsError(ErrorKind::kNotFound,
                      folder.at("file") + ": cannot write into it: Not a directory"));
  folder.write("b/_velo", "");
  EXPECT_THAT(
      TestProcess::start(folder.at("b/")),
      IsError(ErrorKind::kNotFound, HasSubstr(folder.at("b/_velo") + ": cannot")));
  if (!AsNobody::can_reach("/tmp")) GTEST_SKIP() << "nobody cannot enter / here";
  const AsNobody nobody;
  EXPECT_THAT(TestProcess::start(folder.at("new/")),
              IsError(ErrorKind::kPermissionDenied,
                      HasSubstr(folder.at("new") + ": cannot make the directory: "
                                                   "Permission denied; check the "
                                                   "permissions")));
}

TEST(LocalManifestPlaces, ThatBecomeReadOnlyFailTheCommit) {
  const testing::TemporaryFolder folder;
  const auto process = *TestProcess::start(folder.path());
  ASSERT_THAT(process->recover(), IsOk());
  const ManifestFile file = process->stage("a");
  if (!AsNobody::can_reach("/tmp")) GTEST_SKIP() << "nobody cannot enter / here";
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  const AsNobody nobody;
  EXPECT_THAT(process->commit({file}),
              IsError(ErrorKind::kPermissionDenied, HasSubstr("_velo/orders")));
}

}  // namespace
}  // namespace velo::storage
