#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "velo/connectors/postgresql/client.h"

namespace velo::postgresql {

/// Knows where the server's log ends. A slot's messages do not tell: their ends are those
/// of what was decoded. Threads: thread-compatible.
class LogEnd {
 public:
  struct Answer {
    uint64_t lsn = 0;
    std::chrono::steady_clock::time_point asked_at;
  };

  LogEnd(PostgresqlOptions options, std::string application_name)
      : options_(std::move(options)), application_name_(std::move(application_name)) {}

  /// The last answer; asks again on a connection of its own, which the first call opens,
  /// and does not wait. nullopt while there is none, and for ever after a failure.
  std::optional<Answer> look();

 private:
  Status ask();
  Status take_answer();

  const PostgresqlOptions options_;
  const std::string application_name_;
  std::unique_ptr<Connection> connection_;
  bool has_failed_ = false;
  bool is_asked_ = false;
  std::chrono::steady_clock::time_point asked_at_;
  std::optional<Answer> answer_;
};

}  // namespace velo::postgresql
