#pragma once

/// How a running copy shows itself to the person who waits.

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

#include "velo/pipeline.h"

namespace velo::cli {

/// "1,234,567"
std::string with_separators(int64_t number);
/// "45.3 MB"
std::string as_bytes(int64_t num_bytes);
/// "1,000,000 rows, 45.3 MB in 0.81 s (1.2 M rows/s)"
std::string summary_of(const Progress& progress);

/// Why a record is left, Progress::record_left, as a line for people.
std::string record_left_of(const std::string& why);
/// Its notice, as a line for people; not for one that is empty.
std::string notice_of(const Progress& progress);

/// "kafka: …; trying again in 0.4 s (attempt 3)"
std::string line_of(const Retry& retry);

/// "3 bad records skipped; the first: …", as a line for people; not where there are none.
std::string bad_records_of(const Progress& progress);

/// "12 rows without their new columns: tip, note", as a line for people; not where there
/// are none.
std::string cut_rows_of(const Progress& progress);

/// " after 1,234 rows; nothing of them is visible in the sink": how a stop has left it.
std::string outcome_of_stop(const Progress& progress, const DataSink& sink);

/// A line at a terminal that is written over as rows go by: rows, how fast they come now,
/// bytes, lag, the last commit. Threads: thread-compatible.
class ProgressLine {
 public:
  ProgressLine() = default;

  /// `whose` comes before it, where several are shown in turn.
  void show(const std::string& whose, const Progress& progress);

 private:
  struct Seen {
    std::chrono::nanoseconds elapsed;
    int64_t num_rows;
  };

  double rate_of(const Progress& progress);

  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  std::deque<Seen> seen_;  // of the last seconds
};

/// What the line says.
std::string line_of(const Progress& progress, double rows_per_second);

}  // namespace velo::cli
