// One file of lines, read in parts.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "velo/base/cut_source.h"
#include "velo/connectors/file/options.h"
#include "velo/connectors/file/source.h"
#include "velo/fileset/file_part.h"
#include "velo/fileset/file_position.h"
#include "velo/testing/matchers.h"
#include "velo/testing/temporary_folder.h"

namespace velo::file {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

constexpr int64_t kNumRows = 100;

class DividedFile : public ::testing::Test {
 protected:
  DividedFile() { write(kNumRows); }

  // Lines of 9 to 58 bytes.
  static std::string line(int64_t id) {
    return fmt::format("{{\"id\":{},\"x\":\"{}\"}}\n", id,
                       std::string(static_cast<size_t>(id * 7 % 40), 'x'));
  }

  void write(int64_t num_rows) {
    std::string text;
    for (int64_t id = 0; id < num_rows; ++id) text += line(id);
    folder_.write(kName, text);
  }

  std::unique_ptr<DataSource> open(int64_t part_bytes = 200) {
    const auto uri =
        parse_uri(fmt::format("{}?part_bytes={}", folder_.at(kName), part_bytes));
    auto source = make_file_source(*FileOptions::from_uri(*uri, OptionUse::kSource));
    if (keeps_bad_) source->keep_bad_records();
    return source;
  }

  struct Outcome {
    std::map<SplitId, std::vector<int64_t>> ids;
    Positions positions;
    std::vector<std::string> bad;
    Status status;

    std::multiset<int64_t> all() const {
      std::multiset<int64_t> all;
      for (const auto& [split, own] : ids) all.insert(own.begin(), own.end());
      return all;
    }
  };

  // Read all that is left, or so many events of it.
  Outcome read(DataSource& source, const Positions& from = {},
               OnChanged on_changed = OnChanged::kFail, int most_events = 1 << 20) {
    Outcome outcome{.positions = from};
    outcome.status = read_into(outcome, source, on_changed, most_events);
    return outcome;
  }

  static Status read_into(Outcome& outcome, DataSource& source, OnChanged on_changed,
                          int most_events) {
    const Positions from = outcome.positions;
    go_on_from(*source.splits(), from);
    ARROW_ASSIGN_OR_RAISE(const auto discovery, source.splits()->discover());
    ARROW_ASSIGN_OR_RAISE(const auto reader, source.splits()->create_split_reader(
                                                 {.on_changed = on_changed}));
    ARROW_ASSIGN_OR_RAISE(const NewSplits found, discovery->poll({}, {}));
    std::vector<SplitStart> starts;
    for (const SplitId& split : found.added) {
      const auto known = from.find(split);
      starts.push_back(
          {split, known == from.end() ? std::nullopt : std::optional(known->second)});
    }
    ARROW_RETURN_NOT_OK(reader->assign(starts));
    while (most_events-- > 0) {
      ARROW_ASSIGN_OR_RAISE(const Event event, reader->poll({}, {}));
      if (std::holds_alternative<End>(event)) break;
      if (const auto* batch = std::get_if<Batch>(&event)) {
        const auto& ids =
            static_cast<const arrow::Int64Array&>(*batch->rows->GetColumnByName("id"));
        for (int64_t i = 0; i < ids.length(); ++i) {
          outcome.ids[batch->split].push_back(ids.Value(i));
        }
        outcome.positions[batch->split] = {batch->position, false};
        for (const BadRecord& bad : batch->bad ? *batch->bad : BadRecords()) {
          outcome.bad.push_back(bad.error.message());
        }
      } else if (const auto* ended = std::get_if<SplitEnded>(&event)) {
        outcome.positions[ended->split] = {ended->position, true};
      }
    }
    return Status::OK();
  }

  static std::multiset<int64_t> ids_up_to(int64_t num_rows) {
    std::multiset<int64_t> ids;
    for (int64_t id = 0; id < num_rows; ++id) ids.insert(id);
    return ids;
  }

  static constexpr char kName[] = "a.ndjson";
  const testing::TemporaryFolder folder_;
  bool keeps_bad_ = false;
};

TEST_F(DividedFile, HasEachRowOnceHoweverItIsCut) {
  for (int64_t part_bytes = 1; part_bytes < 5000; part_bytes += 1 + part_bytes / 7) {
    SCOPED_TRACE(part_bytes);
    const auto source = open(part_bytes);
    const Outcome outcome = read(*source);
    ASSERT_THAT(outcome.status, IsOk());
    EXPECT_EQ(outcome.all(), ids_up_to(kNumRows));
  }
}

TEST_F(DividedFile, IsReadInOrderByOneReader) {
  const auto source = open(300);
  const auto reader = source->create_reader().ValueOrDie();
  int64_t next = 0;
  for (auto batch = reader->read(); batch.ok() && *batch; batch = reader->read()) {
    const auto& ids = static_cast<const arrow::Int64Array&>(*(*batch)->rows->column(0));
    for (int64_t i = 0; i < ids.length(); ++i) EXPECT_EQ(ids.Value(i), next++);
  }
  EXPECT_EQ(next, kNumRows);
}

TEST_F(DividedFile, HasPartsThatLineUpWithLines) {
  std::string text;
  for (int64_t id = 0; id < 8; ++id) text += fmt::format("{{\"id\":{}}}\n", id);
  folder_.write(kName, text);  // 9 bytes each
  const Outcome outcome = read(*open(18));
  ASSERT_THAT(outcome.status, IsOk());
  ASSERT_EQ(outcome.ids.size(), 4U);
  for (const auto& [split, ids] : outcome.ids) EXPECT_EQ(ids.size(), 2U) << split;
}

TEST_F(DividedFile, GoesOnFromAnywhere) {
  for (int events = 0; events < 60; ++events) {
    SCOPED_TRACE(events);
    const Outcome begun = read(*open(), {}, OnChanged::kFail, events);
    ASSERT_THAT(begun.status, IsOk());
    // Whatever is asked for now.
    const Outcome rest = read(*open(events % 2 == 0 ? 0 : 77), begun.positions);
    ASSERT_THAT(rest.status, IsOk());
    auto all = begun.all();
    all.merge(rest.all());
    EXPECT_EQ(all, ids_up_to(kNumRows));
    EXPECT_TRUE(read(*open(), rest.positions).all().empty());
  }
}

TEST_F(DividedFile, StaysWholeWhereItWasBegunSo) {
  const Outcome begun = read(*open(0), {}, OnChanged::kFail, 1);
  ASSERT_EQ(begun.positions.size(), 1U);
  const Outcome rest = read(*open(), begun.positions);
  ASSERT_THAT(rest.status, IsOk());
  EXPECT_EQ(rest.positions.size(), 1U);
  EXPECT_TRUE(rest.positions.begin()->second.ended);
  EXPECT_EQ(begun.all().size() + rest.all().size(), size_t{kNumRows});
}

TEST_F(DividedFile, IsNotGoneUnnoticed) {
  const Outcome begun = read(*open(), {}, OnChanged::kFail, 4);
  folder_.write("b.ndjson", line(0));
  std::filesystem::remove(folder_.at(kName));
  const auto uri = parse_uri(folder_.at("*.ndjson"));
  const auto source = make_file_source(*FileOptions::from_uri(*uri, OptionUse::kSource));
  go_on_from(*source->splits(), begun.positions);
  EXPECT_THAT(source->splits()->discover(),
              IsError(ErrorKind::kPositionLost,
                      AllOf(HasSubstr(kName), HasSubstr("not there any more"))));
}

TEST_F(DividedFile, StopsWhereItHasChanged) {
  const Outcome all = read(*open());
  const Outcome some = read(*open(), {}, OnChanged::kFail, 4);
  for (const int64_t num_rows : {kNumRows * 2, kNumRows / 5}) {
    write(num_rows);
    for (const Outcome& begun : {all, some}) {
      EXPECT_THAT(read(*open(), begun.positions).status,
                  IsError(ErrorKind::kPositionLost, HasSubstr("has changed")));
    }
    EXPECT_THAT(read(*open(), some.positions, OnChanged::kIgnore).status,
                IsError(ErrorKind::kPositionLost, HasSubstr("has changed")));
    const Outcome left = read(*open(), all.positions, OnChanged::kIgnore);
    EXPECT_THAT(left.status, IsOk());
    EXPECT_TRUE(left.all().empty());
  }
}

// Whatever takes its place: of the same size, a shorter one, a longer one.
TEST_F(DividedFile, DoesNotChangeBetweenItsParts) {
  int num_seen = 0;
  for (const int64_t num_rows : {kNumRows, kNumRows / 5, kNumRows * 2}) {
    for (int events = 1; events < 10; ++events) {
      SCOPED_TRACE(fmt::format("{} rows after {} events", num_rows, events));
      write(kNumRows);
      std::filesystem::last_write_time(folder_.at(kName), {});
      const auto source = open(1000);
      const auto reader = source->create_reader().ValueOrDie();
      Status failure;
      int64_t next = 0;
      for (int event = 0; failure.ok(); ++event) {
        if (event == events) write(num_rows);
        const auto batch = reader->read();
        failure = batch.status();
        if (!batch.ok() || !*batch) break;
        const auto& ids =
            static_cast<const arrow::Int64Array&>(*(*batch)->rows->GetColumnByName("id"));
        for (int64_t i = 0; i < ids.length(); ++i) EXPECT_EQ(ids.Value(i), next++);
      }
      if (next == kNumRows) continue;  // the last part had been opened by then
      ++num_seen;
      EXPECT_THAT(failure, IsError(ErrorKind::kPositionLost,
                                   AllOf(HasSubstr("while it was read in parts"),
                                         HasSubstr("part_bytes=0"))));
    }
  }
  EXPECT_GT(num_seen, 6);
}

TEST_F(DividedFile, IsReadAnewIfAsked) {
  const Outcome all = read(*open());
  const Outcome some = read(*open(), {}, OnChanged::kFail, 4);
  for (const int64_t num_rows : {kNumRows * 2, kNumRows / 5}) {
    write(num_rows);
    for (const Outcome& begun : {all, some}) {
      const Outcome again = read(*open(), begun.positions, OnChanged::kReread);
      ASSERT_THAT(again.status, IsOk());
      EXPECT_EQ(again.all(), ids_up_to(num_rows));
      for (const auto& [split, progress] : begun.positions) {
        EXPECT_GT(again.positions.at(split).position, progress.position);
      }
      EXPECT_TRUE(read(*open(), again.positions).all().empty());
    }
  }
}

TEST_F(DividedFile, SaysInWhichLineItFails) {
  std::string text;
  for (int64_t id = 0; id < 50; ++id) text += line(id);
  const size_t offset = text.size();
  text += "{\"id\":nothing}\n";
  for (int64_t id = 50; id < kNumRows; ++id) text += line(id);
  folder_.write(kName, text);
  for (const int64_t part_bytes : {0, 100, 333, 1000}) {
    EXPECT_THAT(read(*open(part_bytes)).status,
                IsError(ErrorKind::kCorruptData,
                        HasSubstr(fmt::format("line 51, byte {}", offset + 6))));
  }
  keeps_bad_ = true;
  for (const int64_t part_bytes : {0, 100, 333, 1000}) {
    const Outcome outcome = read(*open(part_bytes));
    ASSERT_THAT(outcome.status, IsOk());
    EXPECT_EQ(outcome.all(), ids_up_to(kNumRows));
    ASSERT_EQ(outcome.bad.size(), 1U);
    EXPECT_THAT(outcome.bad[0], HasSubstr(fmt::format("line 51, byte {}", offset + 6)));
  }
}

// A record of several lines behind one that has a line for itself.
TEST_F(DividedFile, SaysWhatToDoWhereARecordTakesSeveralLines) {
  std::string text;
  for (int64_t id = 0; id < 10; ++id) text += line(id);
  const size_t offset = text.size();
  text += "{\"id\":\n10}\n";
  folder_.write(kName, text);
  EXPECT_EQ(read(*open(0)).all(), ids_up_to(11));
  EXPECT_THAT(read(*open(static_cast<int64_t>(offset) + 4)).status,
              IsError(ErrorKind::kCorruptData,
                      AllOf(HasSubstr("line 11"), HasSubstr("part_bytes=0"))));
}

TEST_F(DividedFile, IsOneThatBeginsWithALine) {
  for (const char* text :
       {"[{\"id\":0},\n{\"id\":1},\n{\"id\":2}]", "{\n\"id\":0}\n{\"id\":1}{\"id\":2}\n",
        "{\"id\":0}{\"id\":1}{\"id\":2}"}) {
    folder_.write(kName, text);
    const Outcome outcome = read(*open(10));
    ASSERT_THAT(outcome.status, IsOk());
    EXPECT_EQ(outcome.positions.size(), 1U) << text;
    EXPECT_EQ(outcome.all(), ids_up_to(3));
  }
  // More than one on a line, blank lines, and a byte order mark.
  folder_.write(kName,
                "\xEF\xBB\xBF\n {\"id\":0}\r\n{\"id\":1} {\"id\":2}\r\n\n\n{\"id\":3}");
  const Outcome outcome = read(*open(10));
  ASSERT_THAT(outcome.status, IsOk());
  EXPECT_GT(outcome.positions.size(), 1U);
  EXPECT_EQ(outcome.all(), ids_up_to(4));
}

TEST_F(DividedFile, HasTheColumnsOfItsBeginning) {
  folder_.write(kName, "{\"id\":0,\"y\":1.5}\n{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n");
  const auto source = open(10);
  EXPECT_EQ(source->fetch_schema().ValueOrDie()->ToString(), "id: int64\ny: double");
  EXPECT_EQ(read(*source).all(), ids_up_to(4));
}

// What a reader tells: the columns at first, and at each change; and how many rows.
struct Told {
  std::vector<std::string> columns;
  int64_t num_rows = 0;
  Status status;
};

Told read_and_follow(DataSource& source, std::optional<std::vector<std::string>> columns,
                     const Positions& from = {}, Positions* positions = nullptr) {
  Told told;
  go_on_from(*source.splits(), from);
  const auto reader =
      source.splits()
          ->create_split_reader({.columns = columns, .tells_schema_changes = true})
          .ValueOrDie();
  std::vector<SplitStart> starts;
  const auto discovery = source.splits()->discover().ValueOrDie();
  const NewSplits found = discovery->poll({}, {}).ValueOrDie();
  for (const SplitId& split : found.added) {
    const auto known = from.find(split);
    starts.push_back(
        {split, known == from.end() ? std::nullopt : std::optional(known->second)});
  }
  told.status = reader->assign(starts);
  while (told.status.ok()) {
    const auto event = reader->poll({}, {});
    told.status = event.status();
    if (!event.ok() || std::holds_alternative<End>(*event)) break;
    if (const auto* change = std::get_if<SchemaChange>(&*event)) {
      told.columns.push_back(change->schema->ToString());
    } else if (const auto* batch = std::get_if<Batch>(&*event)) {
      if (told.columns.empty()) {
        told.columns.push_back(batch->rows->schema()->ToString());
      }
      EXPECT_EQ(batch->rows->schema()->ToString(), told.columns.back());
      told.num_rows += batch->rows->num_rows();
      if (positions) (*positions)[batch->split] = {batch->position, false};
    }
  }
  return told;
}

// 3,000 lines of one column, then those of others: beyond the sample, and beyond a block.
class FileOfOtherColumns : public ::testing::Test {
 protected:
  FileOfOtherColumns() {
    std::string text;
    for (int64_t id = 0; id < 3000; ++id) {
      text += fmt::format("{{\"id\":{},\"pad\":\"{}\"}}\n", id, std::string(800, 'x'));
    }
    text += "{\"id\":1.5}\n{\"id\":2,\"new\":{\"deep\":true}}\n";
    folder_.write("a.ndjson", text);
  }

  std::unique_ptr<DataSource> open(const std::string& options) {
    const auto uri = parse_uri(folder_.at("a.ndjson") + options);
    return make_file_source(*FileOptions::from_uri(*uri, OptionUse::kSource));
  }

  const testing::TemporaryFolder folder_;
};

TEST_F(FileOfOtherColumns, TellsOfThemBeforeTheirRows) {
  for (const char* options : {"", "?part_bytes=1000000"}) {
    const auto source = open(options);
    const Told told = read_and_follow(*source, std::nullopt);
    ASSERT_THAT(told.status, IsOk());
    EXPECT_EQ(told.num_rows, 3002);
    EXPECT_THAT(told.columns,
                ElementsAre("id: int64\npad: string",
                            "id: double\npad: string\nnew: struct<deep: bool>"));
  }
}

TEST_F(FileOfOtherColumns, TellsOfThoseThatAreWanted) {
  const auto source = open("");
  const Told told = read_and_follow(*source, std::vector<std::string>{"id"});
  ASSERT_THAT(told.status, IsOk());
  EXPECT_THAT(told.columns, ElementsAre("id: int64", "id: double"));
}

TEST_F(FileOfOtherColumns, GoesOnBehindThem) {
  Positions positions;
  ASSERT_EQ(read_and_follow(*open(""), std::nullopt, {}, &positions).num_rows, 3002);
  ASSERT_EQ(positions.size(), 1U);
  const Told rest = read_and_follow(*open(""), std::nullopt, positions);
  EXPECT_THAT(rest.status, IsOk());
  EXPECT_EQ(rest.num_rows, 0);
}

TEST_F(FileOfOtherColumns, FailsWhereNobodyFollows) {
  const auto source = open("");
  const auto reader = source->create_reader().ValueOrDie();
  auto batch = reader->read();
  while (batch.ok() && *batch) batch = reader->read();
  EXPECT_THAT(batch, IsError(ErrorKind::kSchemaMismatch, HasSubstr("line 3001")));
}

TEST_F(FileOfOtherColumns, FailsWhereTheyCannotBeFollowed) {
  const auto source = open("?schema=id int64");
  EXPECT_THAT(read_and_follow(*source, std::nullopt).status,
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("line 3001")));
}

}  // namespace
}  // namespace velo::file
