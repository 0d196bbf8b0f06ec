#include "velo/formats/json/envelope.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "velo/base/parse_number.h"
#include "velo/formats/changes.h"

namespace velo::formats::json {
namespace {

// Members that decide what a change is; twice in one object, they would contradict.
constexpr std::array<std::string_view, 7> kParts = {"before",  "after", "op",    "source",
                                                    "payload", "ts_ms", "schema"};

bool note_part(Cursor& cursor, std::string_view name, unsigned& seen) {
  for (size_t i = 0; i < kParts.size(); ++i) {
    if (name != kParts[i]) continue;
    const unsigned bit = 1U << i;
    if ((std::exchange(seen, seen | bit) & bit) == 0) return true;
    return cursor.fail(ErrorKind::kCorruptData,
                       fmt::format("the object has the field '{}' twice", name));
  }
  return true;
}

bool is_number(uint8_t c) { return c == '-' || (c >= '0' && c <= '9'); }

}  // namespace

bool EnvelopeReader::read_number(Cursor& cursor, std::optional<int64_t>& number) {
  if (cursor.peek() == 'n') return cursor.take_null();
  const int64_t offset = cursor.offset();
  if (!is_number(cursor.peek())) return cursor.fail_type(*arrow::int64());
  std::string_view raw;
  if (!cursor.take_number(raw)) return false;
  number = parse_number<int64_t>(raw);
  return number || cursor.fail_type_at(offset, *arrow::int64(), "is no whole number");
}

bool EnvelopeReader::read_place(Cursor& cursor, std::string& place) {
  if (cursor.peek() != '"') {
    std::string_view raw;
    if (!cursor.skip_value(raw)) return false;
    if (raw != "null") place = raw;
    return true;
  }
  std::string_view text;
  if (!cursor.take_text(text, buffer_)) return false;
  place = text;
  return true;
}

bool EnvelopeReader::read_row(Cursor& cursor, const uint32_t*& row) {
  if (cursor.peek() == 'n') return cursor.take_null();
  if (cursor.peek() != '{') {
    return cursor.fail(ErrorKind::kCorruptData, "a row is an object, or null");
  }
  row = cursor.token();
  return cursor.skip_value();
}

bool EnvelopeReader::read_op(Cursor& cursor, char& op) {
  const int64_t offset = cursor.offset();
  std::string_view text;
  if (cursor.peek() == '"' && !cursor.take_text(text, buffer_)) return false;
  if (!is_operation(text) && text != std::string_view(&kMessageOfApplication, 1)) {
    return cursor.fail_at(offset, ErrorKind::kCorruptData,
                          R"("op" is one of "r", "c", "u", "d", "t" and "m")");
  }
  op = text.front();
  return true;
}

bool EnvelopeReader::read_source(Cursor& cursor) {
  if (cursor.peek() != '{') return cursor.skip_value();
  return for_each_member(cursor, buffer_, [&](std::string_view name) {
    if (name == "ts_us") return read_number(cursor, of_source_.micros);
    if (name == "ts_ms") return read_number(cursor, of_source_.millis);
    if (name == "position") return read_place(cursor, position_);
    if (name == "sequence") return read_place(cursor, sequence_);
    if (name == "lsn") return read_place(cursor, lsn_);
    return cursor.skip_value();
  });
}

bool EnvelopeReader::read_envelope(Cursor& cursor, ChangeParts& parts,
                                   bool may_be_wrapped) {
  unsigned seen = 0;
  return for_each_member(cursor, buffer_, [&](std::string_view name) {
    if (!note_part(cursor, name, seen)) return false;
    if (name == "before") return read_row(cursor, parts.before);
    if (name == "after") return read_row(cursor, parts.after);
    if (name == "op") return read_op(cursor, parts.op);
    if (name == "source") return read_source(cursor);
    if (name == "ts_us") return read_number(cursor, of_reader_.micros);
    if (name == "ts_ms") return read_number(cursor, of_reader_.millis);
    if (may_be_wrapped && name == "payload" && cursor.peek() == '{') {
      return read_envelope(cursor, parts, false);
    }
    if (may_be_wrapped && name == "payload" && cursor.peek() == 'n') {
      wraps_nothing_ = true;
      return cursor.take_null();
    }
    if (may_be_wrapped && name == "schema" && cursor.peek() == '{') {
      parts.schema = cursor.token();
      return cursor.skip_value(parts.schema_text);
    }
    return cursor.skip_value();
  });
}

bool EnvelopeReader::set_time(Cursor& cursor, int64_t begin, ChangeParts& parts) {
  const Times& times = of_source_.is_told() ? of_source_ : of_reader_;
  if (!times.is_told()) return true;
  parts.at = time_of_change(times.micros, times.millis);
  if (parts.at) return true;
  return cursor.fail_at(
      begin, ErrorKind::kCorruptData,
      fmt::format("\"{}\" of the change is {}, which is in no year from 0000 to 9999",
                  times.micros ? "ts_us" : "ts_ms",
                  times.micros ? *times.micros : *times.millis));
}

bool EnvelopeReader::read(Cursor& cursor, ChangeParts& parts) {
  parts = ChangeParts();
  wraps_nothing_ = false;
  of_source_ = {};
  of_reader_ = {};
  for (std::string* place : {&position_, &sequence_, &lsn_}) place->clear();
  const int64_t begin = cursor.offset();
  if (!read_envelope(cursor, parts, /*may_be_wrapped=*/true)) return false;
  parts.is_none = parts.op == kMessageOfApplication || (parts.op == 0 && wraps_nothing_);
  if (parts.is_none) return true;
  if (parts.op == 0) {
    return cursor.fail_at(begin, ErrorKind::kCorruptData,
                          "the record is no change of Debezium's: it has no \"op\"");
  }
  if (parts.op != 't' && parts.row() == nullptr) {
    return cursor.fail_at(
        begin, ErrorKind::kCorruptData,
        fmt::format("the change has no row: \"op\" is \"{}\", and \"{}\" is null",
                    parts.op, parts.op == 'd' ? "before" : "after"));
  }
  if (!set_time(cursor, begin, parts)) return false;
  for (std::string* place : {&position_, &sequence_, &lsn_}) {
    if (parts.position.empty()) parts.position = *place;
  }
  return true;
}

}  // namespace velo::formats::json
