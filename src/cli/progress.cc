#include "progress.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "log.h"

namespace velo::cli {
namespace {

constexpr auto kShowEvery = std::chrono::milliseconds(100);

// The rate that is shown is of so long.
constexpr auto kRateOver = std::chrono::seconds(5);

double seconds_of(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

double rate(int64_t num_rows, std::chrono::nanoseconds time) {
  return static_cast<double>(num_rows) / std::max(seconds_of(time), 1e-6);
}

std::string rows_of(int64_t num_rows) {
  return fmt::format("{} {}", with_separators(num_rows), num_rows == 1 ? "row" : "rows");
}

// Line breaks and what stands around them become a blank.
std::string on_one_line(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  std::string line;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = text.find_first_not_of(kBlanks, at);
    if (begin == std::string_view::npos) break;
    at = std::min(text.find_first_of(kBlanks, begin), text.size());
    if (!line.empty()) line += ' ';
    line += text.substr(begin, at - begin);
  }
  return line;
}

std::string as_rate(double rate) {
  if (rate >= 1e6) return fmt::format("{:.1f} M rows/s", rate / 1e6);
  if (rate >= 1e3) return fmt::format("{:.1f} k rows/s", rate / 1e3);
  return fmt::format("{:.0f} rows/s", rate);
}

}  // namespace

std::string with_separators(int64_t number) {
  std::string digits = std::to_string(number);
  for (auto i = static_cast<ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3) {
    digits.insert(static_cast<size_t>(i), ",");
  }
  return digits;
}

std::string as_bytes(int64_t num_bytes) {
  constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(num_bytes);
  size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", num_bytes)
                   : fmt::format("{:.1f} {}", value, kUnits.at(unit));
}

std::string summary_of(const Progress& progress) {
  if (progress.stopped) {
    return fmt::format("stopped after {}, which are committed; run it again to go on",
                       rows_of(progress.num_rows));
  }
  if (progress.was_loaded_before) {
    return fmt::format("loaded before, {}; what is read as a whole is loaded once",
                       rows_of(progress.num_rows_before));
  }
  if (progress.num_rows == 0 && progress.num_rows_before > 0) {
    return fmt::format("nothing new since the {} of earlier runs",
                       rows_of(progress.num_rows_before));
  }
  return fmt::format(
      "{}, {} in {:.2f} s ({}){}", rows_of(progress.num_rows),
      as_bytes(progress.bytes_written), seconds_of(progress.elapsed),
      as_rate(rate(progress.num_rows, progress.elapsed)),
      progress.num_rows_before == 0
          ? std::string()
          : fmt::format(", after {} of earlier runs", rows_of(progress.num_rows_before)));
}

std::string notice_of(const Progress& progress) {
  return fmt::format("at least once, no more: {}", progress.notice);
}

std::string record_left_of(const std::string& why) {
  return fmt::format(
      "all rows are committed; the record of this run may be left in the sink, since it "
      "could not be removed ({}). Run again, it moves what is new and removes the "
      "record, "
      "where that is still there, and moves all rows once more, where it is not",
      on_one_line(why));
}

std::string line_of(const Retry& retry) {
  const double seconds = std::chrono::duration<double>(retry.pause).count();
  return fmt::format("{}; trying again in {:.1f} s (attempt {})",
                     on_one_line(retry.failure.message()), seconds, retry.attempt);
}

std::string bad_records_of(const Progress& progress) {
  return fmt::format(
      "{} bad {} {}; the first: {}", with_separators(progress.num_bad_records),
      progress.num_bad_records == 1 ? "record" : "records",
      progress.dead_letters.empty() ? "skipped" : "kept in " + progress.dead_letters,
      progress.first_bad_record);
}

std::string cut_rows_of(const Progress& progress) {
  return fmt::format(
      "{} written without columns that are new: {} (on_schema_change = "
      "freeze; evolve has the sink follow)",
      rows_of(progress.num_rows_cut), fmt::join(progress.columns_cut, ", "));
}

std::string outcome_of_stop(const Progress& progress, const DataSink& sink) {
  if (progress.num_rows_committed > 0) {
    return fmt::format(" after {}, which are committed; run it again to go on",
                       rows_of(progress.num_rows_committed));
  }
  return fmt::format(" after {}; {}", rows_of(progress.num_rows),
                     sink.supports_transactions()
                         ? "nothing of them is visible in the sink"
                         : "what had appeared in the sink by then stays there");
}

std::string line_of(const Progress& progress, double rows_per_second) {
  std::string line =
      fmt::format("{}, {}, {}", rows_of(progress.num_rows),
                  as_bytes(progress.bytes_written), as_rate(rows_per_second));
  const Lag& lag = progress.lag;
  if (lag.num_rows || lag.num_bytes) {
    line += fmt::format(", lag {}",
                        lag.num_rows ? rows_of(*lag.num_rows) : as_bytes(*lag.num_bytes));
    if (lag.age && lag.age->count() > 0) {
      line += fmt::format(" ({:.1f} s)", seconds_of(*lag.age));
    }
  }
  if (progress.last_commit) {
    line +=
        fmt::format(", committed {:.1f} s ago",
                    seconds_of(std::chrono::system_clock::now() - *progress.last_commit));
  }
  return line;
}

void ProgressLine::show(const std::string& whose, const Progress& progress) {
  if (!log().shows()) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < kShowEvery) return;
  last_ = now;
  log().show(whose + line_of(progress, rate_of(progress)));
}

// Over the last seconds: a stream's mean since its start says little.
double ProgressLine::rate_of(const Progress& progress) {
  seen_.push_back({progress.elapsed, progress.num_rows});
  while (progress.elapsed - seen_.front().elapsed > kRateOver) seen_.pop_front();
  const Seen first = seen_.size() > 1 ? seen_.front() : Seen{};
  return rate(progress.num_rows - first.num_rows, progress.elapsed - first.elapsed);
}

}  // namespace velo::cli
