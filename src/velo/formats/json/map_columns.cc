// Columns of maps.

#include <fmt/format.h>

#include <string>
#include <unordered_set>
#include <utility>

#include "velo/formats/json/column_decoder.h"
#include "velo/formats/json/last_fields.h"
#include "velo/formats/json/object_decoder.h"
#include "velo/formats/json/offsets.h"

namespace velo::formats::json {
namespace {

// Text keys: an object whose fields' names they are.
class MapColumn : public ColumnDecoder {
 public:
  MapColumn(const std::shared_ptr<arrow::DataType>& type,
            std::unique_ptr<ColumnDecoder> items, bool takes_last)
      : ColumnDecoder(type), items_(std::move(items)), takes_last_(takes_last) {}

  bool decode(Cursor& cursor) override {
    if (cursor.peek() == 'n') return cursor.take_null() && append_null(cursor);
    if (cursor.peek() != '{') return cursor.fail_type(*type_);
    if (takes_last_ && !last_fields_.scan(cursor)) return false;
    if (!offsets_.add(cursor, num_rows_, items_->num_rows())) return false;
    if (!cursor.enter()) return false;
    cursor.advance();
    if (!cursor.take('}')) {
      seen_.clear();
      do {
        if (!decode_entry(cursor)) return false;
      } while (cursor.take(','));
      if (!cursor.take('}')) return cursor.fail_expected("',' or '}'");
    }
    cursor.leave();
    ++num_rows_;
    return true;
  }

  bool append_null(Cursor& cursor) override {
    return offsets_.add(cursor, num_rows_, items_->num_rows()) && add_null(cursor);
  }

  Result<std::shared_ptr<arrow::ArrayData>> finish() override {
    const auto& map = static_cast<const arrow::MapType&>(*type_);
    const int64_t num_entries = items_->num_rows();
    ARROW_ASSIGN_OR_RAISE(auto offsets, offsets_.finish(num_rows_, num_entries));
    ARROW_ASSIGN_OR_RAISE(auto key_offsets, key_offsets_.finish(num_entries, key_bytes_));
    ARROW_ASSIGN_OR_RAISE(auto text, key_text_.finish(std::exchange(key_bytes_, 0)));
    ARROW_ASSIGN_OR_RAISE(auto items, items_->finish());
    auto keys =
        arrow::ArrayData::Make(map.key_type(), num_entries,
                               {nullptr, std::move(key_offsets), std::move(text)}, 0);
    auto entries = arrow::ArrayData::Make(map.value_type(), num_entries, {nullptr},
                                          {std::move(keys), std::move(items)}, 0);
    return finish_array({std::move(offsets)}, {std::move(entries)});
  }

  void reset() override {
    ColumnDecoder::reset();
    items_->reset();
    key_bytes_ = 0;
  }

 private:
  bool decode_entry(Cursor& cursor) {
    const int64_t offset = cursor.offset();
    const bool counts = !takes_last_ || last_fields_.counts(cursor.token());
    std::string_view key;
    if (!cursor.take_key(key, buffer_)) return false;
    if (!counts) return cursor.skip_value();
    if (!seen_.emplace(key).second) {
      return cursor.fail_at(offset, ErrorKind::kCorruptData,
                            fmt::format("the object has the field '{}' twice", key));
    }
    const auto size = static_cast<int64_t>(key.size());
    const Status status = key_text_.grow(key_bytes_ + size);
    if (!status.ok()) return cursor.fail_status(status);
    if (size > 0) std::memcpy(key_text_.data() + key_bytes_, key.data(), key.size());
    if (!key_offsets_.add(cursor, items_->num_rows(), key_bytes_)) return false;
    key_bytes_ += size;
    return items_->decode(cursor) || cursor.fail_inside(key);
  }

  std::unique_ptr<ColumnDecoder> items_;
  const bool takes_last_;
  LastFields last_fields_;
  Offsets<int32_t> offsets_;
  Offsets<int32_t> key_offsets_;
  ColumnBuffer key_text_;
  int64_t key_bytes_ = 0;
  std::unordered_set<std::string> seen_;  // keys of the row at hand
  std::vector<uint8_t> buffer_;
};

// Other keys: a list of objects with the fields "key" and "value".
class EntriesColumn : public ColumnDecoder {
 public:
  EntriesColumn(const std::shared_ptr<arrow::DataType>& type, ObjectDecoder entries)
      : ColumnDecoder(type), entries_(std::move(entries)) {}

  bool decode(Cursor& cursor) override {
    if (cursor.peek() == 'n') return cursor.take_null() && append_null(cursor);
    if (cursor.peek() != '[') return cursor.fail_type(*type_);
    if (!offsets_.add(cursor, num_rows_, entries_.num_rows())) return false;
    if (!cursor.enter()) return false;
    cursor.advance();
    if (!cursor.take(']')) {
      do {
        if (!decode_entry(cursor)) return cursor.fail_inside("[]");
      } while (cursor.take(','));
      if (!cursor.take(']')) return cursor.fail_expected("',' or ']'");
    }
    cursor.leave();
    ++num_rows_;
    return true;
  }

  bool append_null(Cursor& cursor) override {
    return offsets_.add(cursor, num_rows_, entries_.num_rows()) && add_null(cursor);
  }

  Result<std::shared_ptr<arrow::ArrayData>> finish() override {
    const auto& map = static_cast<const arrow::MapType&>(*type_);
    const int64_t num_entries = entries_.num_rows();
    ARROW_ASSIGN_OR_RAISE(auto offsets, offsets_.finish(num_rows_, num_entries));
    ARROW_ASSIGN_OR_RAISE(auto keys, entries_.column(kKey).finish());
    ARROW_ASSIGN_OR_RAISE(auto items, entries_.column(kValue).finish());
    entries_.reset();
    auto entries = arrow::ArrayData::Make(map.value_type(), num_entries, {nullptr},
                                          {std::move(keys), std::move(items)}, 0);
    return finish_array({std::move(offsets)}, {std::move(entries)});
  }

  void reset() override {
    ColumnDecoder::reset();
    entries_.reset();
  }

 private:
  static constexpr size_t kKey = 0;
  static constexpr size_t kValue = 1;

  bool decode_entry(Cursor& cursor) {
    const int64_t offset = cursor.offset();
    const auto& entry = *static_cast<const arrow::MapType&>(*type_).value_type();
    if (cursor.peek() != '{') return cursor.fail_type(entry);
    if (!entries_.decode(cursor)) return false;
    if (entries_.column(kKey).num_nulls() == 0) return true;
    return cursor.fail_type_at(offset, entry, "has no key");
  }

  ObjectDecoder entries_;
  Offsets<int32_t> offsets_;
};

}  // namespace

Result<std::unique_ptr<ColumnDecoder>> make_map_column(
    const std::shared_ptr<arrow::DataType>& type, const ColumnRules& rules) {
  const auto& map = static_cast<const arrow::MapType&>(*type);
  if (map.key_type()->id() == arrow::Type::STRING) {
    ARROW_ASSIGN_OR_RAISE(auto items, make_column(map.item_type(), rules));
    return std::make_unique<MapColumn>(type, std::move(items), rules.takes_last);
  }
  ARROW_ASSIGN_OR_RAISE(auto entries,
                        ObjectDecoder::make({arrow::field("key", map.key_type()),
                                             arrow::field("value", map.item_type())},
                                            {true, true}, rules));
  return std::make_unique<EntriesColumn>(type, std::move(entries));
}

}  // namespace velo::formats::json
