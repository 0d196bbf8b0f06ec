#include "pipeline_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "process_metrics.h"
#include "prometheus_text.h"
#include "velo/version.h"

namespace velo::cli {
namespace {

// So long after an attempt began it is believed to go on well.
constexpr std::chrono::seconds kSettled{10};
constexpr std::chrono::seconds kLongestFailing{30};

double seconds_of(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

// A counter does not go back.
void count_on(int64_t& total, int64_t before, int64_t now) {
  total += std::max<int64_t>(now - before, 0);
}

std::optional<double> number(const std::optional<int64_t>& value) {
  return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}

PrometheusText::Labels pairs_of(const PipelineLabels& labels) {
  return {{"pipeline", labels.key.pipeline},
          {"source", labels.source},
          {"sink", labels.key.sink}};
}

void write_histogram(PrometheusText& text, const std::string& name,
                     const PrometheusText::Labels& labels, const Histogram& histogram) {
  auto with_bound = labels;
  with_bound.emplace_back("le", "");
  for (size_t i = 0; i <= Histogram::kBounds.size(); ++i) {
    with_bound.back().second = i < Histogram::kBounds.size()
                                   ? PrometheusText::number(Histogram::kBounds.at(i))
                                   : "+Inf";
    text.sample(name + "_bucket", with_bound,
                static_cast<double>(histogram.count_up_to(i)));
  }
  text.sample(name + "_sum", labels, histogram.sum());
  text.sample(name + "_count", labels,
              static_cast<double>(histogram.count_up_to(Histogram::kBounds.size())));
}

}  // namespace

void PipelineMetrics::start(const PipelineLabels& labels) {
  std::lock_guard lock(mutex_);
  Numbers& numbers = pipelines_[labels.key];
  numbers.labels = labels;
  numbers.is_running = true;
  numbers.last = {};
  numbers.most_bad_records = 0;
}

void PipelineMetrics::update(const PipelineKey& pipeline, const Progress& progress,
                             Time now) {
  std::lock_guard lock(mutex_);
  const auto found = pipelines_.find(pipeline);
  if (found == pipelines_.end()) return;
  Numbers& numbers = found->second;
  const Progress& last = numbers.last;
  count_on(numbers.rows_read, last.num_rows, progress.num_rows);
  count_on(numbers.rows_committed, last.num_rows_committed, progress.num_rows_committed);
  count_on(numbers.bytes_written, last.bytes_written, progress.bytes_written);
  count_on(numbers.bad_records, numbers.most_bad_records, progress.num_bad_records);
  numbers.most_bad_records = std::max(numbers.most_bad_records, progress.num_bad_records);
  if (now >= numbers.next_attempt + kSettled) numbers.failing_since.reset();
  if (progress.num_commits > last.num_commits) {
    numbers.failing_since.reset();
    numbers.num_commits += progress.num_commits - last.num_commits;
    numbers.commit_seconds.observe(seconds_of(progress.last_commit_took));
  }
  numbers.last = progress;
}

void PipelineMetrics::retry(const PipelineKey& pipeline, const Retry& retry, Time now) {
  std::lock_guard lock(mutex_);
  const auto found = pipelines_.find(pipeline);
  if (found == pipelines_.end()) return;
  Numbers& numbers = found->second;
  ++numbers.num_retries;
  numbers.failure = retry.failure.message();
  numbers.next_attempt = now + retry.pause;
  if (!numbers.failing_since) numbers.failing_since = now;
}

std::string PipelineMetrics::trouble(Time now) const {
  std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& [key, numbers] : pipelines_) {
    if (!numbers.is_running || !numbers.failing_since) continue;
    const auto time = now - *numbers.failing_since;
    if (time < kLongestFailing) continue;
    text += fmt::format("{}: failing for {:.0f} s: {}\n", key.pipeline, seconds_of(time),
                        numbers.failure);
  }
  return text;
}

void PipelineMetrics::end(const PipelineKey& pipeline) {
  std::lock_guard lock(mutex_);
  const auto found = pipelines_.find(pipeline);
  if (found != pipelines_.end()) found->second.is_running = false;
}

std::string PipelineMetrics::text() const {
  PrometheusText text;
  text.family("velo_build_info", "gauge", "1, labelled by the version.");
  text.sample("velo_build_info", {{"version", std::string(version())}}, 1);

  std::lock_guard lock(mutex_);
  using Value = std::function<std::optional<double>(const Numbers&)>;
  const auto write = [&](std::string_view name, std::string_view type,
                         std::string_view help, const Value& value) {
    text.family(name, type, help);
    for (const auto& [key, numbers] : pipelines_) {
      if (const auto known = value(numbers)) {
        text.sample(name, pairs_of(numbers.labels), *known);
      }
    }
  };
  write("velo_pipeline_running", "gauge", "1 while the pipeline runs, 0 after.",
        [](const Numbers& n) { return n.is_running ? 1.0 : 0.0; });
  write("velo_rows_read_total", "counter", "Rows read and handed to the writers.",
        [](const Numbers& n) { return static_cast<double>(n.rows_read); });
  write("velo_rows_committed_total", "counter",
        "Rows committed, which no crash takes back.",
        [](const Numbers& n) { return static_cast<double>(n.rows_committed); });
  write("velo_bytes_written_total", "counter", "Bytes handed to the sink's system.",
        [](const Numbers& n) { return static_cast<double>(n.bytes_written); });
  write("velo_commits_total", "counter", "Commits.",
        [](const Numbers& n) { return static_cast<double>(n.num_commits); });
  write("velo_bad_records_total", "counter",
        "Records that did not parse or fit, skipped or kept.",
        [](const Numbers& n) { return static_cast<double>(n.bad_records); });
  write("velo_retries_total", "counter", "Attempts after a failure that may pass.",
        [](const Numbers& n) { return static_cast<double>(n.num_retries); });
  write("velo_last_commit_timestamp_seconds", "gauge",
        "When the last commit was done, since 1970.",
        [](const Numbers& n) -> std::optional<double> {
          if (!n.last.last_commit) return std::nullopt;
          return seconds_of(n.last.last_commit->time_since_epoch());
        });
  write("velo_queue_bytes", "gauge", "Bytes of rows that wait for the writers.",
        [](const Numbers& n) { return static_cast<double>(n.last.queued_bytes); });
  write("velo_lag_rows", "gauge", "Rows that the source has and that were not read yet.",
        [](const Numbers& n) { return number(n.last.lag.num_rows); });
  write("velo_lag_bytes", "gauge",
        "Bytes that the source has and that were not read yet.",
        [](const Numbers& n) { return number(n.last.lag.num_bytes); });
  write("velo_lag_seconds", "gauge",
        "At most so long ago the next row was written; 0 where none waits.",
        [](const Numbers& n) -> std::optional<double> {
          if (!n.last.lag.age) return std::nullopt;
          return seconds_of(*n.last.lag.age);
        });
  text.family("velo_commit_seconds", "histogram",
              "How long commits took, from the end of an epoch on.");
  for (const auto& [key, numbers] : pipelines_) {
    write_histogram(text, "velo_commit_seconds", pairs_of(numbers.labels),
                    numbers.commit_seconds);
  }
  write_process_metrics(text);
  return text.text();
}

}  // namespace velo::cli
