#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "velo/connectors/postgresql/cdc/captured_table.h"
#include "velo/connectors/postgresql/client.h"

namespace velo::postgresql {

/// The rows of a table as they were at one moment. Threads: thread-compatible.
class Snapshot {
 public:
  /// Begin to read: in the snapshot of that name, or, where it is empty, as the table is
  /// now.
  static Result<std::unique_ptr<Snapshot>> open(std::unique_ptr<Connection> connection,
                                                const CapturedTable& table,
                                                const std::string& name,
                                                std::stop_token stop);

  /// Take what comes next of the COPY; nullopt at its end.
  Result<std::optional<std::string_view>> next(std::stop_token stop) {
    return connection_->get_copy(std::move(stop));
  }

  int64_t at() const { return at_; }     ///< microseconds since 1970-01-01
  uint64_t end() const { return end_; }  ///< where the log ended when it was opened

 private:
  explicit Snapshot(std::unique_ptr<Connection> connection)
      : connection_(std::move(connection)) {}

  const std::unique_ptr<Connection> connection_;
  int64_t at_ = 0;
  uint64_t end_ = 0;
};

}  // namespace velo::postgresql
