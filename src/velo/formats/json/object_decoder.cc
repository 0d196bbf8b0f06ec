#include "velo/formats/json/object_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace velo::formats::json {
namespace {

constexpr size_t kWordBytes = sizeof(uint64_t);

// Whether a key is written byte for byte as it is named.
bool has_no_escapes(std::string_view name) {
  return std::ranges::none_of(name, [](char c) {
    return c == '"' || c == '\\' || static_cast<uint8_t>(c) < 0x20;
  });
}

}  // namespace

Result<ObjectDecoder> ObjectDecoder::make(const arrow::FieldVector& fields,
                                          const std::vector<bool>& wanted,
                                          const ColumnRules& rules) {
  return make(fields, wanted, rules, [rules](const arrow::Field& field) {
    return make_column(field.type(), rules);
  });
}

Result<ObjectDecoder> ObjectDecoder::make(const arrow::FieldVector& fields,
                                          const std::vector<bool>& wanted,
                                          const ColumnRules& rules,
                                          const ColumnMaker& make_one) {
  ObjectDecoder decoder;
  decoder.origin_ = rules.origin;
  decoder.takes_last_ = rules.takes_last;
  decoder.slots_.resize(fields.size() + 1);
  for (size_t i = 0; i < fields.size(); ++i) {
    Slot& slot = decoder.slots_[i];
    slot.name = fields[i]->name();
    slot.next = i + 1 < fields.size() ? i + 1 : 0;
    const std::string quoted = slot.name + '"';
    slot.plain_key = has_no_escapes(slot.name);
    slot.key_size = quoted.size();
    const size_t in_word = std::min(quoted.size(), kWordBytes);
    std::memcpy(&slot.key_word, quoted.data(), in_word);
    std::memset(&slot.key_mask, 0xFF, in_word);
    slot.rest = quoted.substr(in_word);
    if (wanted[i]) {
      Result<std::unique_ptr<ColumnDecoder>> column = make_one(*fields[i]);
      if (!column.ok()) {
        return annotate(column.status(), fmt::format("column '{}'", slot.name));
      }
      slot.column = *std::move(column);
      ++decoder.num_wanted_;
    }
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!decoder.by_name_.emplace(decoder.slots_[i].name, i).second) {
      return make_error(
          ErrorKind::kInvalidArgument, {},
          fmt::format("two columns are named '{}'", decoder.slots_[i].name));
    }
  }
  return decoder;
}

bool ObjectDecoder::key_is(const Slot& slot, const Cursor& cursor) {
  const uint8_t* key = cursor.at() + 1;
  uint64_t word;
  std::memcpy(&word, key, kWordBytes);
  return (word & slot.key_mask) == slot.key_word && slot.plain_key &&
         (slot.rest.empty() ||
          std::memcmp(key + kWordBytes, slot.rest.data(), slot.rest.size()) == 0);
}

bool ObjectDecoder::find_slot(Cursor& cursor, size_t& slot, bool& known) {
  std::string_view name;
  if (!cursor.take_key(name, buffer_)) return false;
  const auto found = by_name_.find(name);
  known = found != by_name_.end();
  if (known) {
    slot = found->second;
  } else {
    unknown_name_ = name;
  }
  return true;
}

bool ObjectDecoder::decode_unknown(Cursor& cursor) {
  if (origin_ == SchemaOrigin::kInferred) {
    const std::string name(unknown_name_);
    cursor.fail(ErrorKind::kSchemaMismatch,
                fmt::format("field '{}' is not among those of the first records", name));
    return false;
  }
  return cursor.skip_value();
}

bool ObjectDecoder::decode_field(Cursor& cursor, size_t& previous) {
  if (takes_last_ && !last_fields_.counts(cursor.token())) {
    std::string_view name;
    return cursor.take_key(name, buffer_) && cursor.skip_value();
  }
  size_t slot_number = slots_[previous].next;
  if (cursor.peek() == '"' && key_is(slots_[slot_number], cursor)) {
    if (cursor.peek_second() != ':') {
      cursor.advance();
      return cursor.fail_expected("':'");
    }
    cursor.advance_two();
  } else {
    bool known = false;
    if (!find_slot(cursor, slot_number, known)) return false;
    if (!known) return decode_unknown(cursor);
    slots_[previous].next = slot_number;
  }
  Slot& slot = slots_[slot_number];
  if (slot.last_row == num_rows_) {
    return cursor.fail(ErrorKind::kCorruptData,
                       fmt::format("the object has the field '{}' twice", slot.name));
  }
  slot.last_row = num_rows_;
  previous = slot_number;
  if (slot.column == nullptr) return cursor.skip_value();
  ++num_found_;
  return slot.column->decode(cursor) || cursor.fail_inside(slot.name);
}

bool ObjectDecoder::decode(Cursor& cursor) {
  if (takes_last_ && !last_fields_.scan(cursor)) return false;
  if (!cursor.enter()) return false;
  cursor.advance();
  num_found_ = 0;
  if (!cursor.take('}')) {
    size_t previous = slots_.size() - 1;
    for (;;) {
      if (!decode_field(cursor, previous)) return false;
      const uint8_t c = cursor.peek();
      if (c != ',' && c != '}') return cursor.fail_expected("',' or '}'");
      cursor.advance();
      if (c == '}') break;
    }
  }
  cursor.leave();
  if (num_found_ != num_wanted_ && !fill_missing(cursor)) return false;
  ++num_rows_;
  return true;
}

bool ObjectDecoder::fill_missing(Cursor& cursor) {
  for (Slot& slot : slots_) {
    if (slot.column == nullptr || slot.last_row == num_rows_) continue;
    if (!slot.column->append_null(cursor)) return cursor.fail_inside(slot.name);
  }
  return true;
}

bool ObjectDecoder::append_nulls(Cursor& cursor) {
  for (Slot& slot : slots_) {
    if (slot.column != nullptr && !slot.column->append_null(cursor)) return false;
  }
  ++num_rows_;
  return true;
}

void ObjectDecoder::reset() {
  num_rows_ = 0;
  for (Slot& slot : slots_) {
    slot.last_row = -1;
    if (slot.column != nullptr) slot.column->reset();
  }
}

}  // namespace velo::formats::json
