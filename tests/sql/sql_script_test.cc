#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "sql_script.h"

namespace velo {
namespace {

std::vector<std::filesystem::path> all_scripts() {
  std::vector<std::filesystem::path> scripts;
  for (const auto& entry : std::filesystem::directory_iterator(VELO_SQL_SCRIPTS)) {
    if (entry.path().extension() == ".test") scripts.push_back(entry.path());
  }
  std::sort(scripts.begin(), scripts.end());
  return scripts;
}

class SqlScript : public testing::TestWithParam<std::tuple<std::filesystem::path, Way>> {
};

TEST_P(SqlScript, AnswersAsWritten) {
  std::string pattern = std::filesystem::temp_directory_path() / "velo_sql_XXXXXX";
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  const std::filesystem::path folder = pattern;
  const auto& [script, way] = GetParam();
  const Status status = run_sql_script(script, way, folder);
  EXPECT_TRUE(status.ok()) << status.message();
  std::filesystem::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Sql, SqlScript,
                         testing::Combine(testing::ValuesIn(all_scripts()),
                                          testing::Values(Way::kShortCut, Way::kDuckdb)),
                         [](const auto& each) {
                           const bool short_cut =
                               std::get<1>(each.param) == Way::kShortCut;
                           return std::get<0>(each.param).stem().string() +
                                  (short_cut ? "_short_cut" : "_duckdb");
                         });

}  // namespace
}  // namespace velo
