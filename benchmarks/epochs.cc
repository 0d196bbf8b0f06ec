// epochs [LANES]: how long the engine takes for an epoch (prepare, commit, acknowledge)
// beside what the sink takes: each row is an epoch, into a sink that keeps it in memory.

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

#include "velo/pipeline.h"
#include "velo/testing/memory_sink.h"
#include "velo/testing/scripted_source.h"

int main(int num_arguments, char** arguments) {
  using velo::testing::CallLog;
  using velo::testing::Memory;
  using velo::testing::MemorySink;
  using velo::testing::Script;
  using velo::testing::ScriptedSource;

  constexpr int64_t kNumEpochs = 5000;
  std::vector<int64_t> rows(kNumEpochs);
  std::iota(rows.begin(), rows.end(), 0);
  const int num_lanes = num_arguments > 1 ? std::atoi(arguments[1]) : 1;
  CallLog log;
  Memory memory(log);
  Script script;
  script.splits = {{"a", rows}};
  ScriptedSource source(script, log);
  MemorySink sink(memory);
  velo::RunOptions options;
  options.commit_bytes = 1;
  options.num_lanes = num_lanes;
  const auto begin = std::chrono::steady_clock::now();
  const auto done = velo::run(source, sink, {.id = "epochs"}, options, {});
  const std::chrono::duration<double, std::milli> took =
      std::chrono::steady_clock::now() - begin;
  if (!done.ok() || done->num_commits < kNumEpochs) {
    fmt::print(stderr, "epochs: {} commits; {}\n", done.ok() ? done->num_commits : 0,
               done.status().ToString());
    return EXIT_FAILURE;
  }
  fmt::print("{} lane{}: {} epochs, {:.3f} ms each\n", num_lanes,
             num_lanes == 1 ? "" : "s", done->num_commits,
             took.count() / static_cast<double>(done->num_commits));
  return EXIT_SUCCESS;
}
