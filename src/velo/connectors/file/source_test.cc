#include "velo/connectors/file/source.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "velo/connectors/file/local_files.h"
#include "velo/connectors/file/options.h"
#include "velo/testing/matchers.h"
#include "velo/testing/temporary_folder.h"

namespace velo::file {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

TEST(FileVersions, DifferWhenAFileWasWritten) {
  const testing::TemporaryFolder folder;
  folder.write("a", "12");
  const auto before = version_of_file(folder.at("a"));
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before->num_bytes, 2U);
  EXPECT_EQ(version_of_file(folder.at("a")).ValueOrDie(), *before);
  std::filesystem::last_write_time(
      folder.at("a"),
      std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_NE(version_of_file(folder.at("a")).ValueOrDie(), *before);
  EXPECT_THAT(version_of_file(folder.at("b")),
              IsError(ErrorKind::kNotFound, HasSubstr(folder.at("b"))));
}

class FileSplitReaders : public ::testing::Test {
 protected:
  FileSplitReaders() {
    folder_.write("a.csv", "n\n1\n2\n3\n");
    folder_.write("b.csv", "n\n4\n5\n");
  }

  std::unique_ptr<DataSource> open() {
    const auto uri = parse_uri(folder_.at("*.csv"));
    return make_file_source(*FileOptions::from_uri(*uri, OptionUse::kSource));
  }

  SplitId split(const std::string& name) const {
    return fileset::split_of_path(folder_.at(name));
  }

  struct Outcome {
    std::string rows;
    Positions positions;
    Status status;
  };

  // Read what is left of some splits.
  Outcome read(const std::vector<SplitStart>& splits,
               OnChanged on_changed = OnChanged::kFail) {
    const auto source = open();
    Outcome outcome;
    auto reader = source->splits()->create_split_reader({.on_changed = on_changed});
    EXPECT_THAT(reader, IsOk());
    outcome.status = (*reader)->assign(splits);
    while (outcome.status.ok()) {
      auto event = (*reader)->poll({}, {});
      outcome.status = event.status();
      if (!event.ok() || std::holds_alternative<End>(*event)) break;
      if (const auto* batch = std::get_if<Batch>(&*event)) {
        outcome.rows += batch->rows->column(0)->ToString() + "\n";
        outcome.positions[batch->split] = {batch->position, false};
      } else if (const auto* ended = std::get_if<SplitEnded>(&*event)) {
        outcome.positions[ended->split] = {ended->position, true};
      }
    }
    return outcome;
  }

  SplitStart from(const std::string& name, uint64_t row, bool ended = false) const {
    const auto version = version_of_file(folder_.at(name)).ValueOrDie();
    return {split(name),
            SplitProgress{fileset::FilePosition{row, version}.encode(), ended}};
  }

  const testing::TemporaryFolder folder_;
};

TEST_F(FileSplitReaders, AreToldOfEachFileOnce) {
  const auto source = open();
  const auto discovery = source->splits()->discover().ValueOrDie();
  const auto found = discovery->poll({}, {}).ValueOrDie();
  EXPECT_THAT(found.added, ElementsAre(split("a.csv"), split("b.csv")));
  EXPECT_TRUE(found.complete);
  EXPECT_TRUE(discovery->poll({}, {}).ValueOrDie().added.empty());
}

TEST_F(FileSplitReaders, GoOnFromEachRow) {
  const char* left[] = {"[\n  1,\n  2,\n  3\n]\n", "[\n  2,\n  3\n]\n", "[\n  3\n]\n",
                        ""};
  for (uint64_t row = 0; row < 4; ++row) {
    const Outcome outcome = read({from("a.csv", row)});
    ASSERT_THAT(outcome.status, IsOk());
    EXPECT_EQ(outcome.rows, left[row]);
    const SplitProgress end = *from("a.csv", 3, true).from;
    EXPECT_EQ(outcome.positions, (Positions{{split("a.csv"), end}}));
  }
}

TEST_F(FileSplitReaders, SayWhereFilesBeginIfAsked) {
  const auto source = open();
  auto reader =
      source->splits()->create_split_reader({.tells_beginnings = true}).ValueOrDie();
  const std::vector<SplitStart> splits = {{split("a.csv"), std::nullopt},
                                          from("b.csv", 1)};
  ASSERT_THAT(reader->assign(splits), IsOk());
  const auto first = std::get<Batch>(reader->poll({}, {}).ValueOrDie());
  EXPECT_EQ(first.rows->num_rows(), 0);
  EXPECT_EQ(first.rows->schema()->ToString(), "n: int64");
  EXPECT_EQ(first.split, split("a.csv"));
  EXPECT_EQ(first.position, from("a.csv", 0).from->position);
  EXPECT_EQ(std::get<Batch>(reader->poll({}, {}).ValueOrDie()).rows->num_rows(), 3);
  EXPECT_TRUE(std::holds_alternative<SplitEnded>(reader->poll({}, {}).ValueOrDie()));
  // What was read before has its place.
  EXPECT_EQ(std::get<Batch>(reader->poll({}, {}).ValueOrDie()).rows->num_rows(), 1);
}

TEST_F(FileSplitReaders, OnlyLookAtFilesThatHaveEnded) {
  const Outcome outcome =
      read({from("a.csv", 3, /*ended=*/true), {split("b.csv"), std::nullopt}});
  ASSERT_THAT(outcome.status, IsOk());
  EXPECT_EQ(outcome.rows, "[\n  4,\n  5\n]\n");
  EXPECT_EQ(outcome.positions.size(), 1U);
}

TEST_F(FileSplitReaders, StopWhereAFileHasChanged) {
  for (const bool ended : {false, true}) {
    folder_.write("a.csv", "n\n1\n2\n3\n");
    const SplitStart start = from("a.csv", ended ? 3 : 2, ended);
    folder_.write("a.csv", "n\n1\n2\n3\n4\n");
    EXPECT_THAT(read({start}).status, IsError(ErrorKind::kPositionLost,
                                              AllOf(HasSubstr(folder_.at("a.csv")),
                                                    HasSubstr("had 8 bytes, now 10"))));
    std::filesystem::remove(folder_.at("a.csv"));
  }
}

TEST_F(FileSplitReaders, BeginAnewInAFileThatHasChangedIfAsked) {
  for (const bool ended : {false, true}) {
    folder_.write("a.csv", "n\n1\n2\n3\n");
    const SplitStart start = from("a.csv", ended ? 3 : 2, ended);
    folder_.write("a.csv", "n\n10\n20\n");
    const Outcome outcome = read({start}, OnChanged::kReread);
    ASSERT_THAT(outcome.status, IsOk());
    EXPECT_EQ(outcome.rows, "[\n  10,\n  20\n]\n");
    const SplitProgress end = outcome.positions.at(split("a.csv"));
    EXPECT_TRUE(end.ended);
    EXPECT_GT(end.position, start.from->position);
    EXPECT_EQ(read({{split("a.csv"), end}}, OnChanged::kReread).rows, "");
    EXPECT_EQ(read({{split("a.csv"), end}}).rows, "");
    std::filesystem::remove(folder_.at("a.csv"));
  }
}

TEST_F(FileSplitReaders, LeaveAFileThatHasChangedAsItWasReadIfAsked) {
  const SplitStart ended = from("a.csv", 3, /*ended=*/true);
  const SplitStart begun = from("a.csv", 2);
  folder_.write("a.csv", "n\n1\n2\n3\n4\n");
  const Outcome outcome = read({ended}, OnChanged::kIgnore);
  ASSERT_THAT(outcome.status, IsOk());
  EXPECT_EQ(outcome.rows, "");
  EXPECT_THAT(read({begun}, OnChanged::kIgnore).status,
              IsError(ErrorKind::kPositionLost, HasSubstr("on_changed = reread")));
}

TEST_F(FileSplitReaders, MissAFileThatIsGoneUnlessItHadEnded) {
  const SplitStart begun = from("a.csv", 2);
  const SplitStart ended = from("a.csv", 3, true);
  std::filesystem::remove(folder_.at("a.csv"));
  EXPECT_THAT(read({begun}).status,
              IsError(ErrorKind::kPositionLost,
                      AllOf(HasSubstr(folder_.at("a.csv")),
                            HasSubstr("gone since 2 rows of it were read"))));
  EXPECT_THAT(read({ended}).status, IsOk());
}

TEST_F(FileSplitReaders, RefusePositionsOfOthers) {
  EXPECT_THAT(read({{split("a.csv"), SplitProgress{{"x"}, false}}}).status,
              IsError(ErrorKind::kCorruptData, HasSubstr("16 bytes at least")));
}

TEST_F(FileSplitReaders, StayFailed) {
  const auto source = open();
  const auto reader = source->splits()->create_split_reader({}).ValueOrDie();
  folder_.write("b.csv", "other\n1\n");
  const std::vector<SplitStart> both = {{split("b.csv"), {}}, {split("a.csv"), {}}};
  ASSERT_THAT(reader->assign(both), IsOk());
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(reader->poll({}, {}),
                IsError(ErrorKind::kSchemaMismatch,
                        AllOf(HasSubstr("b.csv"), HasSubstr("'other'"))));
  }
}

TEST_F(FileSplitReaders, HaveTheColumnsOfAllFiles) {
  folder_.write("a.csv", "n,note\n1,\n");
  folder_.write("b.csv", "m,n\nx,2.5\n");
  for (const auto& [first, last] :
       {std::pair("a.csv", "b.csv"), std::pair("b.csv", "a.csv")}) {
    std::filesystem::rename(folder_.at(first), folder_.at("1.csv"));
    std::filesystem::rename(folder_.at(last), folder_.at("2.csv"));
    const auto source = open();
    const auto schema = source->fetch_schema().ValueOrDie();
    EXPECT_TRUE(schema->GetFieldByName("n")->type()->Equals(arrow::float64()));
    EXPECT_TRUE(schema->GetFieldByName("m")->type()->Equals(arrow::utf8()));
    EXPECT_TRUE(schema->GetFieldByName("note")->type()->Equals(arrow::utf8()));
    std::filesystem::rename(folder_.at("1.csv"), folder_.at("a.csv"));
    std::filesystem::rename(folder_.at("2.csv"), folder_.at("b.csv"));
  }
}

TEST_F(FileSplitReaders, ReadAColumnThatAFileDoesNotHave) {
  folder_.write("a.csv", "n,m\n1,x\n");
  const auto source = open();
  const auto reader =
      source->splits()->create_split_reader({.columns = {{"m"}}}).ValueOrDie();
  const std::vector<SplitStart> one = {{split("b.csv"), {}}};
  ASSERT_THAT(reader->assign(one), IsOk());
  const Event event = reader->poll({}, {}).ValueOrDie();
  EXPECT_EQ(std::get<Batch>(event).rows->column(0)->null_count(), 2);
}

TEST_F(FileSplitReaders, ReturnNoRowsWhereNoneAreWanted) {
  const auto source = open();
  const auto reader = source->splits()->create_split_reader({}).ValueOrDie();
  const std::vector<SplitStart> one = {{split("a.csv"), {}}};
  ASSERT_THAT(reader->assign(one), IsOk());
  EXPECT_TRUE(std::holds_alternative<Idle>(*reader->poll({.max_bytes = 0}, {})));
  EXPECT_TRUE(std::holds_alternative<Batch>(*reader->poll({}, {})));
}

}  // namespace
}  // namespace velo::file
