#include "velo/fileset/epoch_writer.h"

#include <arrow/builder.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "velo/connectors/file/options.h"
#include "velo/connectors/file/output_directory.h"
#include "velo/storage/manifest.h"
#include "velo/testing/matchers.h"
#include "velo/testing/temporary_folder.h"

namespace velo::file {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;

// One row for each key.
std::shared_ptr<arrow::RecordBatch> rows(const std::vector<int64_t>& keys) {
  arrow::Int64Builder key;
  arrow::Int64Builder number;
  for (const int64_t one : keys) {
    EXPECT_TRUE(key.Append(one).ok() && number.Append(-one).ok());
  }
  return arrow::RecordBatch::Make(
      arrow::schema(
          {arrow::field("k", arrow::int64()), arrow::field("n", arrow::int64())}),
      static_cast<int64_t>(keys.size()),
      {key.Finish().ValueOrDie(), number.Finish().ValueOrDie()});
}

class EpochWriters : public ::testing::Test {
 protected:
  std::unique_ptr<EpochWriter> writer(const std::string& options,
                                      int64_t memory_bytes = 1 << 20) {
    const auto uri = parse_uri("file:/out/?" + options);
    auto parsed = FileOptions::from_uri(*uri, OptionUse::kSink);
    EXPECT_THAT(parsed, IsOk());
    parsed->writer_bytes = memory_bytes;
    auto made = fileset::make_epoch_writer(
        make_local_staging(folder_.path(), folder_.path(), folder_.path() + "out/"),
        {.incarnation = "09af", .fence = 2, .epoch = 5, .lane = 1}, *parsed,
        rows({})->schema());
    EXPECT_THAT(made, IsOk());
    return *std::move(made);
  }

  static Status write(EpochWriter& to, const std::vector<int64_t>& keys) {
    return to.write({.rows = rows(keys)}, {});
  }

  // The files that it has staged, by the name they will have.
  static std::map<std::string, storage::ManifestFile> prepare(EpochWriter& from,
                                                              uint64_t epoch = 5) {
    CommitRecord record;
    record.epoch = epoch;
    const auto token = from.prepare(record);
    EXPECT_THAT(token, IsOk());
    std::map<std::string, storage::ManifestFile> files;
    if (!token.ok()) return files;
    for (auto& file : storage::decode_token(*token).ValueOrDie()) files[file.path] = file;
    return files;
  }

  const testing::TemporaryFolder folder_;
};

TEST_F(EpochWriters, StageWhatTheTokenSays) {
  const auto to = writer("format=csv&partition_by=k");
  ASSERT_THAT(write(*to, {1, 2, 1}), IsOk());
  ASSERT_THAT(write(*to, {}), IsOk());
  const auto files = prepare(*to);
  ASSERT_EQ(files.size(), 2U);
  const auto& [path, file] = *files.begin();
  EXPECT_EQ(path, "k=1/part-09af-00000005-f2-1-00000.csv");
  EXPECT_EQ(file.staged, "f2-e5-1-0.part");
  EXPECT_EQ(file.num_rows, 2);
  EXPECT_EQ(folder_.read(file.staged), "n\n-1\n-1\n");
  EXPECT_EQ(file.num_bytes, 8);
}

TEST_F(EpochWriters, BeginAnewAfterEachEpoch) {
  const auto to = writer("format=csv");
  ASSERT_THAT(write(*to, {1}), IsOk());
  EXPECT_EQ(prepare(*to).begin()->first, "part-09af-00000005-f2-1-00000.csv");
  EXPECT_EQ(to->bytes_written(), 9);
  EXPECT_THAT(prepare(*to, 6), IsEmpty()) << "an epoch without rows";
  ASSERT_THAT(write(*to, {2}), IsOk());
  EXPECT_EQ(prepare(*to, 7).begin()->first, "part-09af-00000007-f2-1-00000.csv");
}

TEST_F(EpochWriters, RefuseOtherColumns) {
  const auto to = writer("format=csv");
  EXPECT_THAT(to->write({.rows = rows({1})->RemoveColumn(0).ValueOrDie()}, {}),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("other columns")));
}

// Rows wait for their row group to be full, in all open files together for no longer than
// there is memory for them.
TEST_F(EpochWriters, HoldNoMoreThanTheyMay) {
  std::vector<int64_t> keys(1000);
  for (size_t i = 0; i < keys.size(); ++i) keys[i] = static_cast<int64_t>(i % 50);
  for (const bool is_enough : {true, false}) {
    const auto to =
        writer("format=parquet&partition_by=k", is_enough ? 1 << 20 : 1 << 10);
    for (int i = 0; i < 10; ++i) ASSERT_THAT(write(*to, keys), IsOk());
    EXPECT_EQ(to->bytes_written() == 0, is_enough);
    auto last = keys;
    std::ranges::reverse(last);
    ASSERT_THAT(write(*to, last), IsOk());
    if (is_enough) continue;  // what it has staged goes with it
    const auto files = prepare(*to);
    ASSERT_EQ(files.size(), 50U);
    for (const auto& [path, file] : files) EXPECT_EQ(file.num_rows, 220) << path;
  }
}

// Each open file has a descriptor: those of finished ones are given back.
TEST_F(EpochWriters, WriteMorePartitionsThanThereAreDescriptors) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = 200;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  constexpr int64_t kNumPartitions = 1500;
  const auto to = writer("format=csv&partition_by=k");
  for (int64_t begin = 0; begin < kNumPartitions; begin += 100) {
    std::vector<int64_t> keys(100);
    std::iota(keys.begin(), keys.end(), begin);
    ASSERT_THAT(write(*to, keys), IsOk());
  }
  const auto files = prepare(*to);
  EXPECT_EQ(files.size(), static_cast<size_t>(kNumPartitions));
  EXPECT_EQ(folder_.files().size(), static_cast<size_t>(kNumPartitions));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_F(EpochWriters, FinishTheFileThatWasNotUsedForLongest) {
  const auto to = writer("format=csv&partition_by=k");
  for (int64_t key = 0; key < 64; ++key) ASSERT_THAT(write(*to, {key}), IsOk());
  ASSERT_THAT(write(*to, {0}), IsOk());   // now 1 is the oldest
  ASSERT_THAT(write(*to, {64}), IsOk());  // which is finished for this one
  for (int64_t key = 2; key < 65; ++key) ASSERT_THAT(write(*to, {key, 0}), IsOk());
  ASSERT_THAT(write(*to, {1}), IsOk());  // a second file; 2 is finished for it
  ASSERT_THAT(write(*to, {2}), IsOk());
  std::map<std::string, int> num_files;
  for (const auto& [path, file] : prepare(*to))
    ++num_files[path.substr(0, path.find('/'))];
  for (const auto& [partition, count] : num_files) {
    EXPECT_EQ(count, partition == "k=1" || partition == "k=2" ? 2 : 1) << partition;
  }
  EXPECT_EQ(num_files.size(), 65U);
}

}  // namespace
}  // namespace velo::file
