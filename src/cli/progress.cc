#include "progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

namespace velo::cli {
namespace {

constexpr auto kShowEvery = std::chrono::milliseconds(100);

double seconds_of(const Progress& progress) {
  return std::chrono::duration<double>(progress.elapsed).count();
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

std::string as_rate(const Progress& progress) {
  const double rate =
      static_cast<double>(progress.num_rows) / std::max(seconds_of(progress), 1e-6);
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
      as_bytes(progress.bytes_written), seconds_of(progress), as_rate(progress),
      progress.num_rows_before == 0
          ? std::string()
          : fmt::format(", after {} of earlier runs", rows_of(progress.num_rows_before)));
}

std::string notice_of(const Progress& progress) {
  return fmt::format("at least once, no more: {}", progress.notice);
}

std::string line_of(const Retry& retry) {
  const double seconds = std::chrono::duration<double>(retry.pause).count();
  return fmt::format("{}; trying again in {:.1f} s (attempt {})",
                     on_one_line(retry.failure.message()), seconds, retry.attempt);
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

ProgressLine::ProgressLine()
    : is_terminal_(::isatty(STDERR_FILENO) == 1),
      last_(std::chrono::steady_clock::now()) {}

void ProgressLine::show(const Progress& progress) {
  if (!is_terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < kShowEvery) return;
  last_ = now;
  shown_ = true;
  fmt::print(stderr, "\r\x1b[K{}", summary_of(progress));
  std::fflush(stderr);
}

void ProgressLine::tell(const Retry& retry) {
  clear();
  fmt::print(stderr, "velo: {}\n", line_of(retry));
}

void ProgressLine::clear() {
  if (!shown_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace velo::cli
