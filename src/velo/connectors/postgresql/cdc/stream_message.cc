#include "velo/connectors/postgresql/cdc/stream_message.h"

#include "velo/base/big_endian.h"
#include "velo/connectors/postgresql/cdc/message_reader.h"
#include "velo/connectors/postgresql/epoch.h"

namespace velo::postgresql {

Result<StreamMessage> decode_stream_message(std::string_view bytes) {
  MessageReader reader(bytes);
  const char kind = reader.letter();
  StreamMessage message;
  if (kind == 'w') {
    const uint64_t place = reader.number<uint64_t>();
    reader.take(2 * sizeof(uint64_t));
    message = StreamData{.place = place, .bytes = reader.rest()};
  } else {
    KeepAlive alive{.end = reader.number<uint64_t>()};
    reader.take(sizeof(uint64_t));
    alive.answer_now = reader.letter() != 0;
    message = alive;
  }
  if (reader.ok() && (kind == 'w' || kind == 'k')) return message;
  return make_error(ErrorKind::kCorruptData, {.connector = "postgresql"},
                    "this is no message of a replication stream");
}

std::string encode_standby_status(const StandbyStatus& status) {
  std::string bytes = "r";
  append_big_endian(bytes, status.written);
  append_big_endian(bytes, status.flushed);
  append_big_endian(bytes, status.flushed);
  append_big_endian(bytes, static_cast<uint64_t>(status.at - kEpochMicros));
  bytes += status.answer_now ? '\1' : '\0';
  return bytes;
}

}  // namespace velo::postgresql
