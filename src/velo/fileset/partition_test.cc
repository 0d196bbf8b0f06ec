#include "velo/fileset/partition.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "velo/testing/matchers.h"

namespace velo::fileset {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using Text = std::optional<std::string>;

std::shared_ptr<arrow::Array> texts(const std::vector<Text>& values) {
  arrow::StringBuilder builder;
  for (const Text& value : values) {
    EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  }
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> numbers(int64_t count) {
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < count; ++i) EXPECT_TRUE(builder.Append(i).ok());
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::RecordBatch> rows(const std::string& name,
                                         const std::vector<Text>& values) {
  const auto count = static_cast<int64_t>(values.size());
  return arrow::RecordBatch::Make(arrow::schema({arrow::field(name, arrow::utf8()),
                                                 arrow::field("n", arrow::int64())}),
                                  count, {texts(values), numbers(count)});
}

std::string directory_of(const std::string& name, const Text& value) {
  const auto partitions = split_by_partition(rows(name, {value}), {name});
  EXPECT_THAT(partitions, IsOk());
  return partitions.ok() ? partitions->front().directory : "";
}

// What DuckDB, pyarrow and Spark read back; tests/interop/partitions_test.py asks two.
TEST(Partitions, NameEachValueDifferently) {
  const struct {
    Text value;
    const char* directory;
  } cases[] = {
      {std::nullopt, "k=__HIVE_DEFAULT_PARTITION__/"},
      {"", "k=/"},
      {"__HIVE_DEFAULT_PARTITION__", "k=%5F_HIVE_DEFAULT_PARTITION__/"},
      {"__hive_default_partition__", "k=__hive_default_partition__/"},
      {"NULL", "k=%4EULL/"},
      {"null", "k=%6Eull/"},
      {"nullable", "k=nullable/"},
      {"a b/c=d", "k=a%20b%2Fc%3Dd/"},
      {"..", "k=../"},
      {"100%", "k=100%25/"},
      {"ö", "k=%C3%B6/"},
      {"A-z_0.~", "k=A-z_0.~/"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(directory_of("k", one.value), one.directory) << one.value.value_or("NULL");
  }
  EXPECT_EQ(directory_of("../a b", "x"), "%2E.%2Fa%20b=x/");
}

TEST(Partitions, KeepTheOrderOfRows) {
  const auto partitions =
      split_by_partition(rows("k", {"a", "b", "a", std::nullopt, "b"}), {"k"});
  ASSERT_THAT(partitions, IsOk());
  std::vector<std::string> shown;
  for (const PartitionRows& one : *partitions) {
    EXPECT_EQ(one.rows->schema()->field_names(), std::vector<std::string>{"n"});
    shown.push_back(one.directory + one.rows->column(0)->ToString());
  }
  EXPECT_THAT(shown, ElementsAre("k=a/[\n  0,\n  2\n]", "k=b/[\n  1,\n  4\n]",
                                 "k=__HIVE_DEFAULT_PARTITION__/[\n  3\n]"));
}

TEST(Partitions, AreRefusedWhereTheyCannotBe) {
  const auto batch = rows("k", {"a"});
  EXPECT_THAT(split_by_partition(batch, {"none"}),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("'none'")));
  EXPECT_THAT(split_by_partition(batch, {"k", "n"}),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("leave one out")));
  EXPECT_THAT(split_by_partition(batch, {"k", "k"}),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("'k' twice")));
  const auto nested = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("l", arrow::list(arrow::int64())),
                     arrow::field("n", arrow::int64())}),
      1,
      {arrow::MakeArrayOfNull(arrow::list(arrow::int64()), 1).ValueOrDie(), numbers(1)});
  EXPECT_THAT(split_by_partition(nested, {"l"}),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("cannot name a directory")));
}

// Found only when the commit was decided, it would stop the pipeline for good.
TEST(Partitions, AreRefusedWhereAFileSystemCannotHoldThem) {
  EXPECT_EQ(directory_of("k", std::string(253, 'x')).size(), 256U);
  EXPECT_THAT(split_by_partition(rows("k", {std::string(254, 'x')}), {"k"}),
              IsError(ErrorKind::kSchemaMismatch,
                      AllOf(HasSubstr("column 'k'"), HasSubstr("256 bytes"))));
  EXPECT_THAT(split_by_partition(rows("k", {std::string(100, '/')}), {"k"}),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("302 bytes")));
}

}  // namespace
}  // namespace velo::fileset
