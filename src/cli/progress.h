#pragma once

/// How a running copy shows itself to the person who waits.

#include <chrono>
#include <string>

#include "velo/pipeline.h"

namespace velo::cli {

/// "1,234,567"
std::string with_separators(int64_t number);
/// "45.3 MB"
std::string as_bytes(int64_t num_bytes);
/// "1,000,000 rows, 45.3 MB in 0.81 s (1.2 M rows/s)"
std::string summary_of(const Progress& progress);

/// Its notice, as a line for people; not for one that is empty.
std::string notice_of(const Progress& progress);

/// "kafka: …; trying again in 0.4 s (attempt 3)"
std::string line_of(const Retry& retry);

/// " after 1,234 rows; nothing of them is visible in the sink": how a stop has left it.
std::string outcome_of_stop(const Progress& progress, const DataSink& sink);

/// A line on standard error that is written over as rows go by; silent where standard
/// error is not a terminal.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine() { clear(); }
  void show(const Progress& progress);
  /// Say, on a line of its own and on a terminal or not, that something is tried again.
  void tell(const Retry& retry);
  void clear();

 private:
  bool is_terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace velo::cli
