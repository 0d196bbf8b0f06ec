#pragma once

/// What stands in the CopyData messages of START_REPLICATION:
///
///     from the server  := 'w' begin:int64 end:int64 at:int64 data
///                       | 'k' end:int64 at:int64 answer_now:byte
///     from the client  := 'r' written:int64 flushed:int64 applied:int64 at:int64
///                         answer_now:byte
///
/// Numbers are big-endian; times are microseconds since 2000-01-01.
/// Source: PostgreSQL manual, Streaming Replication Protocol.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "velo/error.h"

namespace velo::postgresql {

/// Bytes of the output plugin.
struct StreamData {
  uint64_t place = 0;  // in the log, of what they tell
  std::string_view bytes;
};

/// The server is there, and has decoded everything before `end`.
struct KeepAlive {
  uint64_t end = 0;
  bool answer_now = false;
};

using StreamMessage = std::variant<StreamData, KeepAlive>;

/// Errors: kCorruptData. The data lives as long as `bytes`.
Result<StreamMessage> decode_stream_message(std::string_view bytes);

/// How far the client is.
struct StandbyStatus {
  uint64_t written = 0;
  uint64_t flushed = 0;  ///< what is before this the server may forget; 0: no news
  int64_t at = 0;        ///< microseconds since 1970-01-01
  bool answer_now = false;
};

std::string encode_standby_status(const StandbyStatus& status);

}  // namespace velo::postgresql
