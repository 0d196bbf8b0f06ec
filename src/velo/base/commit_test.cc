#include "velo/commit.h"

#include <gtest/gtest.h>

namespace velo {
namespace {

TEST(PipelineIdentity, TakesAPlainNameAsItIs) {
  EXPECT_EQ(named_pipeline("orders_stream").id, "orders_stream");
  EXPECT_EQ(named_pipeline(std::string(32, 'a')).id, std::string(32, 'a'));
  EXPECT_FALSE(named_pipeline("orders").is_run);
}

TEST(PipelineIdentity, ShortensAnyOtherNameWithAHash) {
  EXPECT_EQ(named_pipeline("Orders").id, "orders_b7e8acdd");
  EXPECT_EQ(named_pipeline(std::string(33, 'a')).id.size(), 32U);
  EXPECT_NE(named_pipeline("Orders").id, named_pipeline("ORDERS").id);
  EXPECT_NE(named_pipeline("ö").id, named_pipeline("ü").id);
  EXPECT_EQ(named_pipeline("").id.size(), 9U);
}

TEST(PipelineIdentity, OfARunDependsOnEachPart) {
  const PipelineIdentity run = unnamed_run("file:/a", "", "file:/b/");
  EXPECT_TRUE(run.is_run);
  EXPECT_EQ(run.id.size(), 20U);
  EXPECT_TRUE(run.id.starts_with("run_"));
  EXPECT_EQ(run.id, unnamed_run("file:/a", "", "file:/b/").id);
  EXPECT_NE(run.id, unnamed_run("file:/a", "file:/b/", "").id);
  EXPECT_NE(run.id, unnamed_run("file:/", "a", "file:/b/").id);
}

TEST(PipelineIdentity, OfAnId) {
  const PipelineIdentity run = unnamed_run("file:/a", "", "file:/b/");
  EXPECT_EQ(pipeline_of_id(run.id).id, run.id);
  EXPECT_TRUE(pipeline_of_id(run.id).is_run);
  for (const char* name : {"orders", "run_", "run_0123456789abcdeg", "run_0123"}) {
    EXPECT_EQ(pipeline_of_id(name).id, name);
    EXPECT_FALSE(pipeline_of_id(name).is_run) << name;
  }
}

}  // namespace
}  // namespace velo
