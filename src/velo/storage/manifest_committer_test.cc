#include "velo/storage/manifest_committer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "velo/storage/commits_for_test.h"
#include "velo/testing/matchers.h"

namespace velo::storage {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;

class ManifestCommits : public ::testing::Test {
 protected:
  // A process that has recovered; nullptr where it cannot.
  std::unique_ptr<TestProcess> recovered() {
    auto process = TestProcess::start(folder_.path());
    EXPECT_THAT(process, IsOk());
    if (!process.ok()) return nullptr;
    EXPECT_THAT((*process)->recover(), IsOk());
    return *std::move(process);
  }

  // What a reader of the directory sees.
  std::vector<std::string> visible() const {
    auto files = folder_.files();
    std::erase_if(files, [](const auto& name) { return name.starts_with("_velo/"); });
    return files;
  }

  std::vector<std::string> staged() const {
    auto files = folder_.files();
    std::erase_if(files, [](const auto& name) {
      return name.find("/staged/") == std::string::npos;
    });
    return files;
  }

  uint64_t newest_base() const {
    uint64_t base = 0;
    for (uint64_t number = 1; folder_.has(manifest(number)); ++number) {
      const auto read = decode_manifest("", folder_.read(manifest(number)));
      EXPECT_THAT(read, IsOk());
      if (read.ok() && read->is_base) base = number;
    }
    return base;
  }

  static std::string manifest(uint64_t number) {
    return fmt::format("_velo/orders/{:013}.json", number);
  }
  static std::string done(uint64_t number) {
    return fmt::format("_velo/orders/done-{:013}", number);
  }

  const testing::TemporaryFolder folder_;
};

TEST_F(ManifestCommits, BeginWithAFence) {
  const auto process = recovered();
  EXPECT_EQ(process->record().fence, 1U);
  EXPECT_EQ(process->record().epoch, 1U);
  EXPECT_EQ(process->record().incarnation.size(), 16U);
  EXPECT_THAT(process->record().positions, IsEmpty());
  EXPECT_THAT(folder_.files(), ElementsAre(manifest(1), done(1)));
}

TEST_F(ManifestCommits, AreVisibleMarkedAndResumed) {
  const auto process = recovered();
  ASSERT_THAT(process->commit({process->stage("a"), process->stage("x=1/b")},
                              {{"s", {{"5"}, false}}, {"t", {{"1"}, true}}}, 7),
              IsOk());
  ASSERT_THAT(process->commit({process->stage("c")}, {{"s", {{"9"}, false}}}, 3), IsOk());
  EXPECT_THAT(visible(), ElementsAre("a", "c", "x=1/b"));
  EXPECT_THAT(staged(), IsEmpty());
  EXPECT_TRUE(folder_.has(done(3)));
  EXPECT_FALSE(folder_.has(done(2)));

  const auto next = recovered();
  EXPECT_EQ(next->record().fence, 2U);
  EXPECT_EQ(next->record().epoch, 4U);
  EXPECT_EQ(next->record().incarnation, process->record().incarnation);
  EXPECT_EQ(next->record().num_rows, 10);
  EXPECT_EQ(next->record().positions,
            (Positions{{"s", {{"9"}, false}}, {"t", {{"1"}, true}}}));
}

TEST_F(ManifestCommits, AreLookedAtWithoutTakingOver) {
  CommitObserver observer;
  const auto look = [&] {
    ManifestCommitter committer(
        {.id = "orders"},
        {.store = std::make_unique<LocalManifestStore>(folder_.path(), "orders"),
         .make_writer = nullptr,
         .list_replaced = nullptr},
        observer);
    return committer.look({});
  };
  const auto nothing = look();
  ASSERT_THAT(nothing, IsOk());
  EXPECT_TRUE(nothing->incarnation.empty());
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));

  const auto running = recovered();
  ASSERT_THAT(running->commit({running->stage("a")}, {{"s", {{"5"}, false}}}, 7), IsOk());
  running->stage("b");
  const auto before = folder_.files();
  const auto there = look();
  ASSERT_THAT(there, IsOk());
  EXPECT_EQ(there->num_rows, 7);
  EXPECT_EQ(there->positions, (Positions{{"s", {{"5"}, false}}}));
  EXPECT_EQ(folder_.files(), before);
  ASSERT_THAT(running->commit_file("c"), IsOk()) << "nobody has taken over";

  ASSERT_THAT(running->forget(), IsOk());
  const auto forgotten = look();
  ASSERT_THAT(forgotten, IsOk());
  EXPECT_TRUE(forgotten->incarnation.empty());
}

TEST_F(ManifestCommits, OfAnOlderProcessAreFenced) {
  const auto older = recovered();
  ASSERT_THAT(older->commit_file("a"), IsOk());
  const ManifestFile late = older->stage("late");
  const auto newer = recovered();
  EXPECT_THAT(older->commit({late}),
              IsError(ErrorKind::kFenced,
                      AllOf(HasSubstr("orders"), HasSubstr("(fence 2, ours is 1)"))));
  EXPECT_THAT(newer->commit_file("b"), IsOk());
  EXPECT_THAT(older->commit_file("later"),
              IsError(ErrorKind::kFenced, HasSubstr("taken")));
  EXPECT_THAT(visible(), ElementsAre("a", "b"));
  EXPECT_THAT(staged(), IsEmpty()) << "who is fenced takes away what is for nobody";

  const auto third = recovered();
  EXPECT_EQ(third->record().num_rows, 2);
  EXPECT_THAT(staged(), IsEmpty());
}

// The order of recover(): a process that is fenced can publish nothing while the newer
// one reads and removes.
TEST_F(ManifestCommits, OfAnOlderProcessAreFencedWhileTheNewerRecovers) {
  const auto older = recovered();
  const ManifestFile late = older->stage("late");
  Status status;
  AtStep in_recover(CommitStep::kInRecover, [&] { status = older->commit({late}); });
  auto newer = TestProcess::start(folder_.path(), "orders", in_recover);
  ASSERT_THAT(newer, IsOk());
  ASSERT_THAT((*newer)->recover(), IsOk());
  EXPECT_THAT(status, IsError(ErrorKind::kFenced, HasSubstr("fence 2")));
  EXPECT_THAT(visible(), IsEmpty());
  EXPECT_THAT(staged(), IsEmpty());
}

// A nameless run would load all once more.
TEST_F(ManifestCommits, DoNotBeginAnewWhereANewerProcessHasFinished) {
  AtStep in_recover(CommitStep::kInRecover, [&] {
    const auto newer = recovered();
    EXPECT_THAT(newer->commit_file("a"), IsOk());
    EXPECT_THAT(newer->forget(), IsOk());
  });
  const auto older = TestProcess::start(folder_.path(), "orders", in_recover);
  ASSERT_THAT(older, IsOk());
  EXPECT_THAT((*older)->recover(),
              IsError(ErrorKind::kFenced, HasSubstr("taken over and finished")));
  EXPECT_THAT(folder_.files(), ElementsAre("a"));
}

TEST_F(ManifestCommits, ThatANewerProcessHasFinishedAreFenced) {
  AtStep after_publish(CommitStep::kAfterPublish,
                       [&] { EXPECT_THAT(recovered()->forget(), IsOk()); });
  const auto older = TestProcess::start(folder_.path(), "orders", after_publish);
  ASSERT_THAT(older, IsOk());
  ASSERT_THAT((*older)->recover(), IsOk());
  EXPECT_THAT((*older)->commit_file("a"),
              IsError(ErrorKind::kFenced, HasSubstr("taken over and finished")));
  EXPECT_THAT(visible(), ElementsAre("a"));
}

TEST_F(ManifestCommits, ThatWereDecidedAreRolledForward) {
  for (const CommitStep step :
       {CommitStep::kAfterPublish, CommitStep::kBetweenCompletes}) {
    SCOPED_TRACE(to_string(step));
    const testing::TemporaryFolder folder;
    AtStep kill(step, [] { throw Killed(); });
    const auto killed = *TestProcess::start(folder.path(), "orders", kill);
    ASSERT_THAT(killed->recover(), IsOk());
    EXPECT_THROW((void)killed->commit({killed->stage("a"), killed->stage("x=1/b")},
                                      {{"s", {{"5"}, false}}}, 7),
                 Killed);
    EXPECT_FALSE(folder.has("x=1/b"));

    // A second kill, while the first is being mended.
    AtStep again(CommitStep::kInRecover, [] { throw Killed(); });
    const auto killed_too = *TestProcess::start(folder.path(), "orders", again);
    EXPECT_THROW((void)killed_too->recover(), Killed);

    const auto next = *TestProcess::start(folder.path());
    ASSERT_THAT(next->recover(), IsOk());
    EXPECT_TRUE(folder.has("a"));
    EXPECT_TRUE(folder.has("x=1/b"));
    EXPECT_EQ(next->record().num_rows, 7);
    EXPECT_EQ(next->record().fence, 3U);
    EXPECT_EQ(next->record().positions, (Positions{{"s", {{"5"}, false}}}));
  }
}

TEST_F(ManifestCommits, ThatWereOnlyPreparedAreRemoved) {
  const auto killed = recovered();
  killed->stage("a");
  killed->stage("b");
  EXPECT_EQ(staged().size(), 2U);
  const auto next = recovered();
  EXPECT_THAT(staged(), IsEmpty());
  EXPECT_THAT(visible(), IsEmpty());
  EXPECT_EQ(next->record().num_rows, 0);
}

TEST_F(ManifestCommits, LeaveTheFilesOfTheProcessThatRecovered) {
  const auto process = recovered();
  const ManifestFile mine = process->stage("a");
  folder_.write("_velo/orders/staged/notes.txt", "a person's");
  ASSERT_THAT(process->commit({mine}), IsOk());
  EXPECT_THAT(staged(), ElementsAre("_velo/orders/staged/notes.txt"));
}

TEST_F(ManifestCommits, SayWhichFileWasTakenAway) {
  const auto process = recovered();
  const ManifestFile kept = process->stage("a");
  const ManifestFile taken = process->stage("b");
  std::filesystem::remove(folder_.at("_velo/orders/staged/" + taken.staged));
  const auto is_lost = IsError(
      ErrorKind::kCommitLost,
      AllOf(HasSubstr(folder_.at("b") + ":"), HasSubstr("staged/" + taken.staged)));
  EXPECT_THAT(process->commit({kept, taken}), is_lost);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT((*TestProcess::start(folder_.path()))->recover(), is_lost);
  }
  folder_.write("b", "put back");
  EXPECT_EQ(recovered()->record().num_rows, 1);
}

TEST_F(ManifestCommits, TakeNoNameThatIsTaken) {
  const auto process = recovered();
  folder_.write("a", "a person's");
  EXPECT_THAT(process->commit_file("a"),
              IsError(ErrorKind::kCommitStateUnknown,
                      AllOf(HasSubstr("is committed"), HasSubstr(folder_.at("a")),
                            HasSubstr("move it away"))));
  EXPECT_EQ(folder_.read("a"), "a person's");
  std::filesystem::rename(folder_.at("a"), folder_.at("moved"));
  EXPECT_EQ(recovered()->record().num_rows, 1);
  EXPECT_EQ(folder_.read("a"), "rows");
}

// Where the file system knows no rename onto a free name, a kill between link and unlink
// leaves both names.
TEST_F(ManifestCommits, PassOverAFileThatHasBothNames) {
  AtStep kill(CommitStep::kAfterPublish, [] { throw Killed(); });
  const auto killed = *TestProcess::start(folder_.path(), "orders", kill);
  ASSERT_THAT(killed->recover(), IsOk());
  const ManifestFile file = killed->stage("a");
  EXPECT_THROW((void)killed->commit({file}), Killed);
  std::filesystem::create_hard_link(folder_.at("_velo/orders/staged/" + file.staged),
                                    folder_.at("a"));
  EXPECT_EQ(recovered()->record().num_rows, 1);
  EXPECT_THAT(visible(), ElementsAre("a"));
  EXPECT_THAT(staged(), IsEmpty());
}

TEST_F(ManifestCommits, ReplaceFilesOnceTheNewOnesAreThere) {
  const std::string directory = folder_.at("overwrite/");
  folder_.write("overwrite/old", "old");
  AtStep kill(CommitStep::kBetweenCompletes, [&] {
    EXPECT_TRUE(folder_.has("overwrite/old"));
    throw Killed();
  });
  const auto killed = *TestProcess::start(directory, "orders", kill);
  ASSERT_THAT(killed->recover(), IsOk());
  EXPECT_THROW((void)killed->commit({killed->stage("a"), killed->stage("b")}), Killed);

  const auto next = *TestProcess::start(directory);
  ASSERT_THAT(next->recover(), IsOk());
  EXPECT_FALSE(folder_.has("overwrite/old"));
  EXPECT_TRUE(folder_.has("overwrite/a"));
  EXPECT_TRUE(folder_.has("overwrite/b"));
}

TEST_F(ManifestCommits, KeepPositionsInBasesAndDeltas) {
  auto process = recovered();
  const auto move_on = [&](int from, int to) {
    for (int epoch = from; epoch < to; ++epoch) {
      const SplitId split = "split" + std::to_string(epoch % 7);
      ASSERT_THAT(process->commit({}, {{split, {{std::to_string(epoch)}, false}}}),
                  IsOk());
    }
  };
  move_on(0, 120);
  // A fence takes a number too, also one that a base might have had.
  while (process->record().epoch < 200) process = recovered();
  move_on(120, 210);
  EXPECT_GE(newest_base() + 100, process->record().epoch);
  move_on(210, 250);

  const auto next = recovered();
  EXPECT_EQ(next->record().num_rows, 250);
  Positions expected;
  for (int epoch = 243; epoch < 250; ++epoch) {
    expected["split" + std::to_string(epoch % 7)] = {{std::to_string(epoch)}, false};
  }
  EXPECT_EQ(next->record().positions, expected);

  // What is before the last base is not needed.
  for (uint64_t number = newest_base() - 1; number > 0; --number) {
    std::filesystem::remove(folder_.at(manifest(number)));
  }
  EXPECT_EQ(recovered()->record().positions, expected);
}

TEST_F(ManifestCommits, RemoveOldManifestsAtABase) {
  auto process = recovered();
  const auto long_ago =
      std::filesystem::file_time_type::clock::now() - std::chrono::hours(8 * 24);
  folder_.write("_velo/orders/draft-1", "killed while writing it");
  for (int epoch = 0; epoch < 50; ++epoch) ASSERT_THAT(process->commit({}), IsOk());
  for (const std::string& name :
       {manifest(1), manifest(20), std::string("_velo/orders/draft-1")}) {
    std::filesystem::last_write_time(folder_.at(name), long_ago);
  }
  for (int epoch = 50; epoch < 120; ++epoch) ASSERT_THAT(process->commit({}), IsOk());
  EXPECT_FALSE(folder_.has(manifest(1)));
  EXPECT_FALSE(folder_.has(manifest(20)));
  EXPECT_FALSE(folder_.has("_velo/orders/draft-1"));
  EXPECT_TRUE(folder_.has(manifest(2)));
  EXPECT_EQ(recovered()->record().num_rows, 120);
}

TEST_F(ManifestCommits, ForgetLeavesTheRowsAlone) {
  const auto process = recovered();
  ASSERT_THAT(process->commit_file("a"), IsOk());
  process->stage("never");
  EXPECT_THAT(process->forget(), IsOk());
  EXPECT_THAT(folder_.files(), ElementsAre("a"));
  EXPECT_FALSE(folder_.has("_velo"));
  EXPECT_THAT(process->forget(), IsOk()) << "a second time";

  const auto anew = recovered();
  EXPECT_EQ(anew->record().epoch, 1U);
  EXPECT_NE(anew->record().incarnation, process->record().incarnation);
}

TEST_F(ManifestCommits, ForgetTakesTheFoldersAwayThatWereMadeForNothing) {
  const auto process = TestProcess::start(folder_.at("new/deep/"));
  ASSERT_THAT(process, IsOk());
  ASSERT_THAT((*process)->recover(), IsOk());
  EXPECT_THAT((*process)->forget(), IsOk());
  EXPECT_FALSE(folder_.has("new"));
}

TEST_F(ManifestCommits, ForgetLeavesOtherPipelinesAlone) {
  const auto other = *TestProcess::start(folder_.path(), "other");
  ASSERT_THAT(other->recover(), IsOk());
  EXPECT_THAT(recovered()->forget(), IsOk());
  EXPECT_FALSE(folder_.has("_velo/orders"));
  EXPECT_THAT(other->commit_file("a"), IsOk());
}

// Killed after the end was written, after the rename, in the removal, and after it.
TEST_F(ManifestCommits, ForgetMayBeKilledHalfWay) {
  const auto end_record = [&](const auto& process) {
    Manifest end{.record = process->record()};
    end.record.epoch += 1;
    end.is_base = end.is_forgotten = true;
    folder_.write(manifest(end.record.epoch), encode_manifest(end));
  };
  const auto rename = [&] {
    std::filesystem::rename(folder_.at("_velo/orders"), folder_.at("_velo/.gone-orders"));
  };
  const std::function<void()> more_and_more[] = {
      [] {}, rename,
      [&] {
        rename();
        std::filesystem::remove(folder_.at("_velo/.gone-orders/0000000000001.json"));
      },
      [&] { std::filesystem::remove_all(folder_.at("_velo/orders")); }};
  for (const auto& left : more_and_more) {
    auto killed = recovered();
    ASSERT_THAT(killed->commit_file("a"), IsOk());
    end_record(killed);
    left();
    std::filesystem::remove(folder_.at("a"));  // a reader has taken it in
    const auto process = recovered();
    EXPECT_NE(process->record().incarnation, killed->record().incarnation);
    EXPECT_EQ(process->record().num_rows, 0);
    ASSERT_THAT(process->commit_file("b"), IsOk());
    EXPECT_THAT(process->forget(), IsOk());
    EXPECT_THAT(folder_.files(), ElementsAre("b"));
    EXPECT_FALSE(folder_.has("_velo"));
    std::filesystem::remove(folder_.at("b"));
  }
}

TEST_F(ManifestCommits, SayWhatIsWrongWithAManifest) {
  const auto process = recovered();
  ASSERT_THAT(process->commit_file("a"), IsOk());
  ASSERT_THAT(process->commit_file("b"), IsOk());
  const std::string whole = folder_.read(manifest(3));
  const auto recover = [&] {
    return (*TestProcess::start(folder_.path()))->recover().status();
  };

  folder_.write(manifest(3), whole.substr(0, whole.size() / 2));
  EXPECT_THAT(recover(),
              IsError(ErrorKind::kCorruptData,
                      AllOf(HasSubstr(folder_.at(manifest(3))), HasSubstr("not JSON"))));
  std::string newer = whole;
  newer.replace(newer.find("\"velo\": 1"), 9, "\"velo\": 2");
  folder_.write(manifest(3), newer);
  EXPECT_THAT(recover(), IsError(ErrorKind::kCorruptData, HasSubstr("newer velo")));

  folder_.write(manifest(3), folder_.read(manifest(2)));
  EXPECT_THAT(recover(), IsError(ErrorKind::kCorruptData,
                                 HasSubstr("it says that it is epoch 2 of pipeline "
                                           "orders")));
  std::string other = whole;
  other.replace(other.find("orders"), 6, "others");
  folder_.write(manifest(3), other);
  EXPECT_THAT(recover(), IsError(ErrorKind::kCorruptData,
                                 HasSubstr("it says that it is epoch 3 of pipeline "
                                           "others")));
  folder_.write(manifest(3), whole);
  std::filesystem::remove(folder_.at(manifest(2)));
  EXPECT_THAT(recover(),
              IsError(ErrorKind::kCommitLost, AllOf(HasSubstr(folder_.at(manifest(2))),
                                                    HasSubstr("put it back"))));
  EXPECT_THAT(visible(), ElementsAre("a", "b"));
}

TEST_F(ManifestCommits, PassOverWhatIsNoManifest) {
  for (const char* name : {"9.json", "notes.json", "0000000000007 (copy).json",
                           "99999999999999999999.json", "done-x", "done-7"}) {
    folder_.write("_velo/orders/" + std::string(name), "a person's");
  }
  const auto process = recovered();
  EXPECT_EQ(process->record().epoch, 1U);
  EXPECT_THAT(process->commit_file("a"), IsOk());
  EXPECT_EQ(recovered()->record().num_rows, 1);
}

// Processes that take over from each other at any time: what one was told that it has
// committed is there, once, and nothing else is.
TEST_F(ManifestCommits, OfProcessesThatRaceAreThereOnce) {
  std::atomic<int64_t> num_committed = 0;
  std::atomic<int> num_fenced = 0;
  {
    std::vector<std::jthread> threads;
    for (int id = 0; id < 4; ++id) {
      threads.emplace_back([&, id] {
        for (int run = 0; run < 25; ++run) {
          const auto process = *TestProcess::start(folder_.path());
          ASSERT_THAT(process->recover(), IsOk());
          for (int epoch = 0; epoch < 3; ++epoch) {
            const auto name = fmt::format("{}-{}-{}", id, run, epoch);
            const Status status =
                process->commit({process->stage(name + "a"), process->stage(name + "b")});
            if (status.ok()) {
              ++num_committed;
              EXPECT_TRUE(folder_.has(name + "a") && folder_.has(name + "b")) << name;
            } else {
              ++num_fenced;
              EXPECT_THAT(status, IsError(ErrorKind::kFenced, HasSubstr("taken over")));
              EXPECT_FALSE(folder_.has(name + "a") || folder_.has(name + "b")) << name;
              break;
            }
          }
        }
      });
    }
  }
  const auto last = recovered();
  EXPECT_EQ(last->record().num_rows, num_committed);
  EXPECT_EQ(visible().size(), 2 * static_cast<size_t>(num_committed));
  EXPECT_THAT(staged(), IsEmpty());
}

// Nameless runs begin and end in one directory beside each other.
TEST_F(ManifestCommits, OfRunsBesideEachOtherDoNotMeet) {
  std::vector<std::jthread> threads;
  for (int id = 0; id < 3; ++id) {
    threads.emplace_back([&, id] {
      for (int run = 0; run < 100; ++run) {
        const auto process =
            TestProcess::start(folder_.path(), fmt::format("run_{}", id));
        ASSERT_THAT(process, IsOk());
        ASSERT_THAT((*process)->recover(), IsOk());
        ASSERT_THAT((*process)->forget(), IsOk());
      }
    });
  }
  threads.clear();
  EXPECT_FALSE(folder_.has("_velo"));
}

}  // namespace
}  // namespace velo::storage
