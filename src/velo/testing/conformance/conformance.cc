#include "velo/testing/conformance/conformance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <utility>

#include "velo/testing/conformance/readme.h"
#include "velo/testing/conformance/sink_suite.h"
#include "velo/testing/conformance/source_suite.h"
#include "velo/testing/matchers.h"

namespace velo::testing {
namespace {

class Behaviour : public ::testing::Test {
 public:
  explicit Behaviour(std::function<void()> body) : body_(std::move(body)) {}
  void TestBody() override { body_(); }

 private:
  const std::function<void()> body_;
};

void add_test(const std::string& suite, const std::string& name,
              std::function<void()> body) {
  ::testing::RegisterTest(
      suite.c_str(), name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
      [body = std::move(body)]() -> ::testing::Test* { return new Behaviour(body); });
}

// One for each behaviour that a kind has all traits for.
template <typename Test, typename Case, typename OneKind>
void add_tests(const Conformance& of, const OneKind& kind, const std::string& suite,
               const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    if (std::ranges::any_of(one.needs,
                            [&](Trait trait) { return kind.find_lack(trait); })) {
      continue;
    }
    add_test(suite, one.name, [&of, &kind, run = one.run] {
      const auto place = kind.make_place();
      ASSERT_THAT(place, IsOk());
      Test test(of.connector, kind, **place);
      run(test);
    });
  }
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int run_conformance(int argc, char** argv, const Conformance& of) {
  ::testing::InitGoogleMock(&argc, argv);
  const std::string readme = readme_of(of);
  if (argc > 1 && std::string_view(argv[1]) == "--update-readme") {
    const std::string text = with_block(read_file(readme), describe_lacks(of));
    return (std::ofstream(readme, std::ios::binary) << text).good() ? 0 : 1;
  }
  for (const SourceKind& kind : of.sources) {
    add_tests<SourceTest>(of, kind, kind.name + "_source", all_source_cases());
  }
  for (const SinkKind& kind : of.sinks) {
    add_tests<SinkTest>(of, kind, kind.name + "_sink", all_sink_cases());
  }
  add_test("readme", "SaysWhatIsLeftOut", [&] {
    const std::string text = read_file(readme);
    EXPECT_TRUE(text == with_block(text, describe_lacks(of)))
        << readme
        << " says something else; run this program with --update-readme: it is\n"
        << describe_lacks(of);
  });
  return RUN_ALL_TESTS();
}

}  // namespace velo::testing
