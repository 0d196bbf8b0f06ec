#pragma once

/// A change as Debezium writes it, bare or as Kafka Connect wraps it up:
///
///     record   := envelope | {"schema": schema, "payload": envelope}
///     envelope := {"before": row, "after": row, "op": op, "source": source,
///                  "ts_ms": number, "ts_us": number, …}
///     row      := object | null
///     op       := "r" | "c" | "u" | "d" | "t"
///     source   := {"ts_ms": number, "ts_us": number, "position": text,
///                  "sequence": text, "lsn": number, …}
///
/// Members come in any order, and may be missing but for `op` and the row that it speaks
/// of; the others are stepped over. Times are since 1970. A wrapped null is a tombstone,
/// and "m" an `op` of messages that applications write into the source's log: both are no
/// change. For example
/// `{"before":null,"after":{"id":7},"source":{"lsn":24},"op":"c","ts_ms":1700000000000}`.
/// Source: debezium.io/documentation/reference/stable/connectors/postgresql.html, "Data
/// change events".

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "velo/formats/json/cursor.h"

namespace velo::formats::json {

/// The parts of one change; tokens and text are those of the cursor's block.
struct ChangeParts {
  const uint32_t* before = nullptr;  ///< where the row as it was begins; nullptr: none
  const uint32_t* after = nullptr;   ///< where the row as it is begins; nullptr: none
  const uint32_t* schema = nullptr;  ///< where the wrapping says what the columns are
  std::string_view schema_text;      ///< its bytes
  char op = 0;
  std::optional<int64_t> at;  ///< microseconds: by the source, else by who read it
  std::string position;       ///< the change's place among all; may be empty
  bool is_none = false;       ///< a tombstone, or a message of an application: no row

  /// The row that the change speaks of; nullptr for a truncation.
  const uint32_t* row() const {
    if (op == 't') return nullptr;
    return op == 'd' ? before : after;
  }
};

/// Threads: thread-compatible.
class EnvelopeReader {
 public:
  /// Step over the record that the cursor's next token begins, and tell its parts. False
  /// after a failure, kCorruptData or kSchemaMismatch, as Cursor says.
  bool read(Cursor& cursor, ChangeParts& parts);

 private:
  bool read_envelope(Cursor& cursor, ChangeParts& parts, bool may_be_wrapped);
  bool read_source(Cursor& cursor);
  bool read_row(Cursor& cursor, const uint32_t*& row);
  bool read_op(Cursor& cursor, char& op);
  bool read_number(Cursor& cursor, std::optional<int64_t>& number);
  bool read_place(Cursor& cursor, std::string& place);

  // Of the change at hand, what the source and who read it say.
  struct Times {
    std::optional<int64_t> micros;
    std::optional<int64_t> millis;
    bool is_told() const { return micros || millis; }
  };
  bool set_time(Cursor& cursor, int64_t begin, ChangeParts& parts);

  Times of_source_;
  Times of_reader_;
  std::string position_;
  std::string sequence_;
  std::string lsn_;
  bool wraps_nothing_ = false;  // the payload is null
  std::vector<uint8_t> buffer_;
};

/// Step over the object that the cursor's next token begins, calling `on_member(name)`
/// with the cursor at each value, which steps over it, or returns false. The name is
/// valid until `buffer` changes.
template <typename OnMember>
bool for_each_member(Cursor& cursor, std::vector<uint8_t>& buffer, OnMember on_member) {
  if (!cursor.enter()) return false;
  cursor.advance();
  if (!cursor.take('}')) {
    do {
      std::string_view name;
      if (!cursor.take_key(name, buffer) || !on_member(name)) return false;
    } while (cursor.take(','));
    if (!cursor.take('}')) return cursor.fail_expected("',' or '}'");
  }
  cursor.leave();
  return true;
}

}  // namespace velo::formats::json
