#pragma once

/// What the program says on standard error: lines for people, or for machines one JSON
/// object a line, of the same events (docs/guide/observing.md).

#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "velo/error.h"

namespace velo::cli {

enum class LogFormat : int8_t { kText, kJson };
enum class LogLevel : int8_t { kInfo, kWarning, kError };

/// A name and what JSON says of the value.
struct LogField {
  LogField(std::string_view field, int64_t value);
  LogField(std::string_view field, double value);
  LogField(std::string_view field, bool value);
  LogField(std::string_view field, std::string_view value);
  LogField(std::string_view field, const char* value)
      : LogField(field, std::string_view(value)) {}

  std::string_view name;  ///< of a literal
  std::string json;
};

/// Something that has happened. Nothing in it may hold a secret.
struct LogEvent {
  std::string_view name;  ///< "commit"
  LogLevel level = LogLevel::kInfo;
  std::string pipeline = {};          ///< its id, where it is of one
  std::string message = {};           ///< where it is empty, people hear nothing of it
  std::vector<LogField> fields = {};  ///< for machines
};

/// Threads: safe.
class Log {
 public:
  /// `file` outlives the log.
  explicit Log(std::FILE* file);

  void set_format(LogFormat format);
  LogFormat format() const;

  void write(const LogEvent& event);

  /// Whether show() shows anything: to people at a terminal.
  bool shows() const;

  /// Show a line that the next one is written over.
  void show(std::string_view line);

  /// Take the line of show() away.
  void clear();

 private:
  void clear_line();
  void put(std::string_view text);

  std::FILE* const file_;
  const bool is_terminal_;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  LogFormat format_ = LogFormat::kText;
  bool has_line_ = false;
};

/// That of standard error.
Log& log();

/// The format of this name: "text", "json". Errors: kInvalidArgument; `setting` is what
/// it was given by.
Result<LogFormat> parse_log_format(std::string_view name, std::string_view setting);

/// What is said of a failed status.
LogEvent error_event(const Status& status);

}  // namespace velo::cli
