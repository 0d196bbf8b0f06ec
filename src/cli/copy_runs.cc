#include "copy_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "command.h"
#include "commit_observer.h"
#include "log.h"
#include "progress.h"

namespace velo::cli {
namespace {

std::string what_of(const CopyPair& pair) {
  return pair.stream.empty() ? "" : pair.stream + ": ";
}

std::vector<LogField> fields_of(const CopyPair& pair) {
  if (pair.stream.empty()) return {};
  return {{"stream", std::string_view(pair.stream)}};
}

PipelineKey key_of(const CopyPair& pair, const PipelineIdentity& identity) {
  return {identity.id, pair.to};
}

Result<Progress> copy_pair(const CopyPair& pair, const PipelineIdentity& identity,
                           Monitor& monitor, const std::stop_token& stop) {
  const PipelineKey key = key_of(pair, identity);
  RunOptions options = pair.options;  // what is told of this run ends with it
  options.observer = commit_observer();
  Progress so_far;
  options.on_progress = [&](const Progress& progress) {
    so_far = progress;
    monitor.progress(key, progress);
  };
  options.on_retry = [&](const Retry& retry) { monitor.retry(key, retry); };
  options.on_ddl = [&](std::string_view statement) { monitor.ddl(key, statement); };
  options.measure_lag = monitor.shows_lag();
  monitor.start({key, pair.from});
  auto done = run(*pair.source, *pair.sink, identity, options, stop);
  if (!done.ok()) {
    return explain_stop(done.status(), fmt::format("{} → {}", pair.from, pair.to),
                        outcome_of_stop(so_far, *pair.sink));
  }
  return done;
}

// The streams of one command.
class Copies {
 public:
  Copies(const CopyRuns& runs, const std::stop_token& stop)
      : runs_(runs), running_(runs.fail_fast, stop) {}

  Status run_beside_each_other() {
    ARROW_RETURN_NOT_OK(check_number());
    ARROW_RETURN_NOT_OK(share_memory());
    for (CopyPair& pair : runs_.pairs) {
      running_.start("", [this, &pair](const std::stop_token&) {
        (void)run_one(pair, pair.identity);
        return Status::OK();  // what has failed was told of
      });
    }
    (void)running_.wait_for_all();  // which were told of
    return Status::OK();
  }

  // Where one of them fails or is stopped, those that have finished are known to be when
  // the command is run again.
  Status run_one_after_another() {
    RunGroup group(grouped());
    for (size_t i = 0; i < runs_.pairs.size(); ++i) {
      runs_.pairs[i].options.on_taken_over = [this, &group,
                                              i](const CommitRecord& record) {
        return group.took_over(i, record, running_.stop());
      };
    }
    const auto run = [this](size_t index, const PipelineIdentity& identity) {
      return run_one(runs_.pairs[index], identity);
    };
    ARROW_ASSIGN_OR_RAISE(const auto outcome, group.run_all(run, running_.stop()));
    tell_how_many(outcome.num_done);
    if (!outcome.record_left.empty()) {
      runs_.monitor.record_left("", outcome.record_left);
    }
    return Status::OK();
  }

 private:
  // OK where it has come to its end. What has failed was told.
  Status run_one(const CopyPair& pair, const PipelineIdentity& identity) {
    const auto done = copy_pair(pair, identity, runs_.monitor, running_.stop());
    if (done.ok()) {
      runs_.monitor.end(key_of(pair, identity), *done, what_of(pair), fields_of(pair));
      return done->stopped ? make_error(ErrorKind::kCancelled, {}, "stopped")
                           : Status::OK();
    }
    runs_.failures.add(
        runs_.monitor.fail(key_of(pair, identity), annotate(done.status(), pair.stream)));
    running_.failed("", done.status());
    return done.status();
  }

  std::vector<GroupedRun> grouped() const {
    std::vector<GroupedRun> grouped;
    for (CopyPair& pair : runs_.pairs) {
      pair.options.observer = commit_observer();
      pair.options.on_retry = [this,
                               key = key_of(pair, pair.identity)](const Retry& retry) {
        runs_.monitor.retry(key, retry);
      };
      grouped.push_back(
          {pair.source.get(), pair.sink.get(), pair.identity, &pair.options});
    }
    return grouped;
  }

  void tell_how_many(size_t num_done) const {
    const size_t num_streams = runs_.pairs.size();
    std::string message = fmt::format("{} of {} streams are done", num_done, num_streams);
    if (num_done < num_streams) {
      message +=
          "; run it again to go on with the others, which repeats no row where the "
          "sink keeps a record: what is done is not read again until all are, also what "
          "is new in it (velo state reset SINK NAME begins one anew)";
    }
    log().write({.name = "streams",
                 .message = std::move(message),
                 .fields = {{"done", static_cast<int64_t>(num_done)},
                            {"streams", static_cast<int64_t>(num_streams)}}});
  }

  Status check_number() const {
    if (runs_.pairs.size() <= kMostStreamsBeside) return Status::OK();
    return make_error(
        ErrorKind::kInvalidArgument, {},
        fmt::format("these are {} streams that go on, and {} at most can beside each "
                    "other in one process: name fewer, or end them where they are now "
                    "(--once), one after another",
                    runs_.pairs.size(), kMostStreamsBeside));
  }

  // What one pipeline may hold is divided among those that run at once.
  Status share_memory() {
    const auto num_together = static_cast<int64_t>(runs_.pairs.size());
    for (CopyPair& pair : runs_.pairs) {
      RunOptions& options = pair.options;
      const int64_t least = kLeastMemoryBytesPerLane * std::max(options.num_lanes, 2);
      const int64_t all = options.memory_bytes.value_or(
          std::max(kDefaultMemoryBytes, least * num_together));
      if (all / num_together < least) {
        return make_error(
            ErrorKind::kInvalidArgument, {},
            fmt::format("--memory: {} MiB are too few for {} streams beside each other, "
                        "each of which takes {} MiB at least: {} MiB",
                        all >> 20, num_together, least >> 20,
                        (least * num_together) >> 20));
      }
      options.memory_bytes = all / num_together;
    }
    return Status::OK();
  }

  const CopyRuns& runs_;
  RunningPipelines running_;
};

}  // namespace

Status copy_one(const CopyPair& pair, Monitor& monitor, const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const Progress progress,
                        copy_pair(pair, pair.identity, monitor, stop));
  monitor.end(key_of(pair, pair.identity), progress, "", {});
  return Status::OK();
}

Status copy_all(const CopyRuns& runs, std::stop_token stop) {
  const CopyPair& first = runs.pairs.front();
  if (runs.pairs.size() == 1) return copy_one(first, runs.monitor, stop);
  if (!first.options.range.is_whole()) {  // which may end what would go on
    for (CopyPair& pair : runs.pairs) {
      ARROW_RETURN_NOT_OK(pair.source->set_range(pair.options.range));
    }
  }
  Copies copies(runs, stop);
  return first.goes_on() ? copies.run_beside_each_other()
                         : copies.run_one_after_another();
}

}  // namespace velo::cli
