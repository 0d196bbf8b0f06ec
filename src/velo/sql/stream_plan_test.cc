#include "velo/sql/stream_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "velo/testing/matchers.h"

namespace velo::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;

std::string node(const std::string& name, const std::string& info,
                 const std::string& children = "") {
  return R"({"name":")" + name + R"(","extra_info":{)" + info + R"(},"children":[)" +
         children + "]}";
}

const std::string kEstimate = R"("Estimated Cardinality":"1000000007")";

TEST(StreamPlan, TellsTheColumns) {
  EXPECT_THAT(*columns_of_stream("[" + node("STREAM", kEstimate) + "]"), IsEmpty());
  EXPECT_THAT(*columns_of_stream(
                  "[" +
                  node("PROJECTION", "",
                       node("KAFKA", kEstimate + R"(,"Projections":["a","b c"])")) +
                  "]"),
              ElementsAre("a", "b c"));
  EXPECT_THAT(
      *columns_of_stream("[" + node("KAFKA", kEstimate + R"(,"Projections":"a")") + "]"),
      ElementsAre("a"));
}

TEST(StreamPlan, TakesNoOperatorThatItDoesNotKnow) {
  EXPECT_THAT(columns_of_stream(
                  "[" + node("NEW_KIND_OF_SCAN", "", node("KAFKA", kEstimate)) + "]"),
              IsError(ErrorKind::kNotImplemented, HasSubstr("NEW_KIND_OF_SCAN")));
  EXPECT_THAT(
      columns_of_stream(
          "[" + node("HASH_JOIN", R"("Join Type":"NEW")", node("KAFKA", kEstimate)) +
          "]"),
      IsError(ErrorKind::kNotImplemented, HasSubstr("a join")));
}

TEST(StreamPlan, RefusesWhatIsNoPlan) {
  for (const char* json : {"", "{}", "[]", "[1, 2]", "nothing"}) {
    EXPECT_THAT(columns_of_stream(json), IsError(ErrorKind::kInternal, HasSubstr("")));
  }
  for (const char* json : {"[1]", "[{}]", R"([{"children":3}])"}) {
    EXPECT_FALSE(columns_of_stream(json).ok()) << json;
  }
}

}  // namespace
}  // namespace velo::sql
