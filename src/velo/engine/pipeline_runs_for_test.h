#pragma once

/// Pipelines from splits that a script says into a sink in memory.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>
#include <numeric>
#include <stop_token>
#include <string>
#include <vector>

#include "velo/engine/pipeline_run.h"
#include "velo/testing/memory_sink.h"

namespace velo::engine {

inline std::vector<int64_t> count(int64_t num_rows, int64_t first = 0) {
  std::vector<int64_t> values(static_cast<size_t>(num_rows));
  std::iota(values.begin(), values.end(), first);
  return values;
}

class PipelineRuns : public ::testing::Test {
 protected:
  PipelineRuns() {
    script_.splits = {{"a", count(3)}, {"b", count(2, 3)}};
    options_.commit_interval = std::chrono::hours(1);
    options_.retry_for = std::chrono::seconds(0);
  }

  // Run the pipeline; a run that hangs ends the program.
  Result<Progress> run(const PipelineIdentity& pipeline = {.id = "orders"}) {
    testing::ScriptedSource source(script_, log_);
    testing::MemorySink sink(memory_);
    auto done = std::async(std::launch::async, [&] {
      return velo::run(source, sink, pipeline, options_, stop_.get_token());
    });
    if (done.wait_for(std::chrono::seconds(60)) != std::future_status::ready) {
      std::fputs("the pipeline hangs\n", stderr);
      std::abort();
    }
    return done.get();
  }

  // Run it and stop it as soon as some call is made, which then blocks.
  Result<Progress> run_until(const std::string& call) {
    memory_.on_call = [this, call](const std::string& made, const std::stop_token& stop) {
      if (!made.starts_with(call)) return Status::OK();
      stop_.request_stop();
      testing::wait_until_stopped(stop);
      return make_error(ErrorKind::kCancelled, {}, "the writer was stopped");
    };
    return run();
  }

  void fail(const std::string& call, ErrorKind kind = ErrorKind::kSystem) {
    memory_.on_call = [call, kind](const std::string& made, const std::stop_token&) {
      return made.starts_with(call) ? make_error(kind, {}, "failed: " + made)
                                    : Status::OK();
    };
  }

  void fail_nothing() {
    memory_.on_call = [](const std::string&, const std::stop_token&) {
      return Status::OK();
    };
  }

  // The reader is a few rows ahead of the writer, and each commit has a few rows.
  void commit_often() {
    options_.queue_bytes = 16;
    options_.commit_bytes = 8;
  }

  void restart() { stop_ = std::stop_source(); }

  CommitRecord record(const std::string& pipeline = "orders") const {
    return memory_.records().at(pipeline);
  }

  testing::CallLog log_;
  testing::Script script_;
  testing::Memory memory_{log_};
  RunOptions options_;
  std::stop_source stop_;
};

}  // namespace velo::engine
