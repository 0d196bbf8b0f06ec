#include "monitor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <utility>

#include "command.h"
#include "http_server.h"

namespace velo::cli {
namespace {

constexpr std::chrono::seconds kTellEvery{10};

double seconds_of(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

HttpAnswer answer(const PipelineMetrics& metrics, std::string_view path) {
  if (path == "/metrics") {
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
            .body = metrics.text()};
  }
  if (path == "/healthz") {
    const std::string trouble = metrics.trouble(std::chrono::steady_clock::now());
    if (!trouble.empty()) return {.status = 503, .body = trouble};
    return {.body = "ok\n"};
  }
  return {.status = 404, .body = "there are /metrics and /healthz\n"};
}

void add_lag(const Lag& lag, std::vector<LogField>& fields) {
  if (lag.num_rows) fields.push_back({"lag_rows", *lag.num_rows});
  if (lag.num_bytes) fields.push_back({"lag_bytes", *lag.num_bytes});
  if (lag.age) fields.push_back({"lag_seconds", seconds_of(*lag.age)});
}

LogEvent commit_event(const PipelineKey& pipeline, const Progress& progress) {
  LogEvent event{.name = "commit", .pipeline = pipeline.pipeline};
  event.fields = {{"sink", pipeline.sink},
                  {"commits", progress.num_commits},
                  {"rows", progress.num_rows_committed},
                  {"seconds", seconds_of(progress.last_commit_took)}};
  add_lag(progress.lag, event.fields);
  return event;
}

LogEvent progress_event(const PipelineKey& pipeline, const Progress& progress) {
  LogEvent event{.name = "progress", .pipeline = pipeline.pipeline};
  event.fields = {{"sink", pipeline.sink},
                  {"rows", progress.num_rows},
                  {"rows_committed", progress.num_rows_committed},
                  {"bytes", progress.bytes_written},
                  {"commits", progress.num_commits},
                  {"seconds", seconds_of(progress.elapsed)},
                  {"queue_bytes", progress.queued_bytes}};
  if (progress.last_commit) {
    event.fields.push_back(
        {"last_commit_seconds_ago",
         seconds_of(std::chrono::system_clock::now() - *progress.last_commit)});
  }
  add_lag(progress.lag, event.fields);
  return event;
}

LogEvent lane_event(const PipelineKey& pipeline, const Progress& progress) {
  return {.name = "one_lane",
          .level = LogLevel::kWarning,
          .pipeline = pipeline.pipeline,
          .message = fmt::format("parallel: one writer, no more; {}", progress.one_lane),
          .fields = {{"because", progress.one_lane}}};
}

}  // namespace

Result<std::unique_ptr<Monitor>> Monitor::open(const MonitorArguments& arguments) {
  std::unique_ptr<Monitor> monitor(new Monitor());
  if (!arguments.metrics_port) return monitor;
  monitor->metrics_ = std::make_shared<PipelineMetrics>();
  ARROW_ASSIGN_OR_RAISE(const int port,
                        serve_http(arguments.metrics_address, *arguments.metrics_port,
                                   [metrics = monitor->metrics_](std::string_view path) {
                                     return answer(*metrics, path);
                                   }));
  const std::string url =
      fmt::format("http://{}:{}/metrics", arguments.metrics_address, port);
  log().write({.name = "metrics",
               .message = "metrics at " + url,
               .fields = {{"url", url}, {"port", int64_t{port}}}});
  return monitor;
}

bool Monitor::shows_lag() const {
  return metrics_ || log().shows() || log().format() == LogFormat::kJson;
}

void Monitor::start(const PipelineLabels& labels) {
  {
    std::lock_guard lock(mutex_);
    running_.insert_or_assign(labels.key, Running());
  }
  if (metrics_) metrics_->start(labels);
  log().write({.name = "start",
               .pipeline = labels.key.pipeline,
               .fields = {{"source", labels.source}, {"sink", labels.key.sink}}});
}

void Monitor::progress(const PipelineKey& pipeline, const Progress& progress) {
  if (metrics_) metrics_->update(pipeline, progress, Clock::now());
  std::lock_guard lock(mutex_);
  const auto found = running_.find(pipeline);
  if (found == running_.end()) return;
  Running& running = found->second;
  if (!progress.one_lane.empty() && !std::exchange(running.has_told_of_lane, true)) {
    log().write(lane_event(pipeline, progress));
  }
  const bool is_alone = running_.size() == 1;
  running.line.show(is_alone ? "" : pipeline.pipeline + ": ", progress);
  if (log().format() != LogFormat::kJson) return;
  if (progress.num_commits > running.num_commits) {
    running.num_commits = progress.num_commits;
    log().write(commit_event(pipeline, progress));
  }
  const auto now = Clock::now();
  if (now - running.last_told < kTellEvery) return;
  running.last_told = now;
  log().write(progress_event(pipeline, progress));
}

void Monitor::retry(const PipelineKey& pipeline, const Retry& retry) {
  if (metrics_) metrics_->retry(pipeline, retry, Clock::now());
  LogEvent event = error_event(retry.failure);
  event.name = "retry";
  event.level = LogLevel::kWarning;
  event.pipeline = pipeline.pipeline;
  event.message = line_of(retry);
  event.fields.push_back({"sink", pipeline.sink});
  event.fields.push_back({"attempt", int64_t{retry.attempt}});
  event.fields.push_back({"pause_seconds", seconds_of(retry.pause)});
  log().write(event);
}

void Monitor::ddl(const PipelineKey& pipeline, std::string_view statement) {
  log().write({.name = "ddl",
               .pipeline = pipeline.pipeline,
               .message = fmt::format("{}: {}", pipeline.pipeline, statement),
               .fields = {{"statement", statement}}});
}

void Monitor::end(const PipelineKey& pipeline, const Progress& progress,
                  const std::string& what, std::vector<LogField> fields) {
  bool has_told_of_lane = progress.one_lane.empty();
  {
    std::lock_guard lock(mutex_);
    const auto found = running_.find(pipeline);
    if (found != running_.end()) {
      has_told_of_lane = has_told_of_lane || found->second.has_told_of_lane;
      running_.erase(found);
    }
  }
  if (!has_told_of_lane) log().write(lane_event(pipeline, progress));
  if (metrics_) {
    metrics_->update(pipeline, progress, Clock::now());
    metrics_->end(pipeline);
  }
  const std::initializer_list<LogField> numbers = {
      {"sink", pipeline.sink},
      {"rows", progress.num_rows},
      {"bytes", progress.bytes_written},
      {"seconds", seconds_of(progress.elapsed)},
      {"commits", progress.num_commits},
      {"rows_before", progress.num_rows_before},
      {"bad_records", progress.num_bad_records},
      {"rows_cut", progress.num_rows_cut},
      {"stopped", progress.stopped}};
  fields.insert(fields.end(), numbers);
  log().write({.name = "summary",
               .pipeline = pipeline.pipeline,
               .message = what + summary_of(progress),
               .fields = std::move(fields)});
  if (progress.num_bad_records > 0) {
    log().write({.name = "bad_records",
                 .level = LogLevel::kWarning,
                 .pipeline = pipeline.pipeline,
                 .message = bad_records_of(progress),
                 .fields = {{"records", progress.num_bad_records},
                            {"kept_in", progress.dead_letters},
                            {"first", progress.first_bad_record}}});
  }
  if (progress.num_rows_cut > 0) {
    log().write({.name = "rows_cut",
                 .level = LogLevel::kWarning,
                 .pipeline = pipeline.pipeline,
                 .message = cut_rows_of(progress),
                 .fields = {{"rows", progress.num_rows_cut},
                            {"columns",
                             fmt::format("{}", fmt::join(progress.columns_cut, ", "))}}});
  }
  if (!progress.record_left.empty()) record_left(pipeline.pipeline, progress.record_left);
  if (progress.notice.empty()) return;
  log().write({.name = "notice",
               .level = LogLevel::kWarning,
               .pipeline = pipeline.pipeline,
               .message = notice_of(progress)});
}

void Monitor::record_left(const std::string& pipeline, const std::string& why) {
  log().write({.name = "record_left",
               .level = LogLevel::kWarning,
               .pipeline = pipeline,
               .message = record_left_of(why),
               .fields = {{"because", why}}});
}

int Monitor::fail(const PipelineKey& pipeline, const Status& status) {
  std::string failed = pipeline.pipeline;
  {
    std::lock_guard lock(mutex_);
    std::erase_if(running_, [&](const auto& running) {
      const PipelineKey& key = running.first;
      if (pipeline != PipelineKey() && key != pipeline) return false;
      failed = key.pipeline;
      if (metrics_) metrics_->end(key);
      return true;
    });
  }
  return report(status, failed);
}

}  // namespace velo::cli
