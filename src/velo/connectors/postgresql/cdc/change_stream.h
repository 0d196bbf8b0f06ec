#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "velo/connectors/postgresql/cdc/replication_slot.h"
#include "velo/connectors/postgresql/cdc/stream_message.h"
#include "velo/connectors/postgresql/client.h"

namespace velo::postgresql {

/// Takes the messages of a slot, and tells the server how far they are safe.
/// Threads: thread-compatible.
class ChangeStream {
 public:
  /// Begin with the first transaction whose COMMIT is at `from` or behind it.
  static Result<std::unique_ptr<ChangeStream>> start(
      std::unique_ptr<Connection> replication, const SlotNames& names, uint64_t from,
      std::stop_token stop);

  /// Take the next message; nullopt where none came in that time. It lives until the next
  /// call.
  Result<std::optional<StreamMessage>> poll(std::chrono::milliseconds max_wait);

  /// Tell the server, where it is time to: everything before `confirmed` is safe.
  Status serve(uint64_t confirmed);

  /// Have the server say soon how far it is.
  Status ask();

 private:
  using Clock = std::chrono::steady_clock;

  explicit ChangeStream(std::unique_ptr<Connection> connection)
      : connection_(std::move(connection)) {}

  Status send(bool answer_now);

  const std::unique_ptr<Connection> connection_;
  uint64_t seen_ = 0;  // what the server has sent all of
  uint64_t confirmed_ = 0;
  bool owes_answer_ = false;
  Clock::time_point last_sent_{};
  Clock::time_point last_asked_{};
};

}  // namespace velo::postgresql
