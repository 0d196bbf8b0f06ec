// Columns of structs, lists and maps.

#include <fmt/format.h>

#include <unordered_set>

#include "velo/formats/json/column_decoder.h"
#include "velo/formats/json/object_decoder.h"

namespace velo::formats::json {
namespace {

class StructColumn : public ColumnDecoder {
 public:
  StructColumn(const std::shared_ptr<arrow::DataType>& type, ObjectDecoder fields)
      : ColumnDecoder(type), fields_(std::move(fields)) {}

  bool decode(Cursor& cursor) override {
    if (cursor.peek() == '{') return fields_.decode(cursor) && (++num_rows_, true);
    if (cursor.peek() != 'n') return cursor.fail_type(*type_);
    return cursor.take_null() && append_null(cursor);
  }

  bool append_null(Cursor& cursor) override {
    return fields_.append_nulls(cursor) && add_null(cursor);
  }

  Result<std::shared_ptr<arrow::ArrayData>> finish() override {
    arrow::ArrayDataVector children;
    for (int i = 0; i < type_->num_fields(); ++i) {
      ARROW_ASSIGN_OR_RAISE(children.emplace_back(),
                            fields_.column(static_cast<size_t>(i)).finish());
    }
    fields_.reset();
    return finish_array({}, std::move(children));
  }

  void reset() override {
    ColumnDecoder::reset();
    fields_.reset();
  }

 private:
  ObjectDecoder fields_;
};

// Where the values of each row begin in a child column.
template <typename Offset>
class Offsets {
 public:
  bool add(Cursor& cursor, int64_t row, int64_t begin) {
    const Status status = buffer_.grow((row + 1) * kWidth);
    if (!status.ok()) return cursor.fail_status(status);
    reinterpret_cast<Offset*>(buffer_.data())[row] = static_cast<Offset>(begin);
    return true;
  }

  Result<std::shared_ptr<arrow::Buffer>> finish(int64_t num_rows, int64_t end) {
    ARROW_RETURN_NOT_OK(buffer_.grow((num_rows + 1) * kWidth));
    reinterpret_cast<Offset*>(buffer_.data())[num_rows] = static_cast<Offset>(end);
    return buffer_.finish((num_rows + 1) * kWidth);
  }

 private:
  static constexpr auto kWidth = static_cast<int64_t>(sizeof(Offset));
  ColumnBuffer buffer_;
};

// Append the elements of the list that is the next token.
bool decode_elements(Cursor& cursor, ColumnDecoder& elements) {
  if (!cursor.enter()) return false;
  cursor.advance();
  if (!cursor.take(']')) {
    do {
      if (!elements.decode(cursor)) return cursor.fail_inside("[]");
    } while (cursor.take(','));
    if (!cursor.take(']')) return cursor.fail_expected("',' or ']'");
  }
  cursor.leave();
  return true;
}

template <typename Offset>
class ListColumn : public ColumnDecoder {
 public:
  ListColumn(const std::shared_ptr<arrow::DataType>& type,
             std::unique_ptr<ColumnDecoder> elements)
      : ColumnDecoder(type), elements_(std::move(elements)) {}

  bool decode(Cursor& cursor) override {
    if (cursor.peek() == 'n') return cursor.take_null() && append_null(cursor);
    if (cursor.peek() != '[') return cursor.fail_type(*type_);
    return offsets_.add(cursor, num_rows_, elements_->num_rows()) &&
           decode_elements(cursor, *elements_) && (++num_rows_, true);
  }

  bool append_null(Cursor& cursor) override {
    return offsets_.add(cursor, num_rows_, elements_->num_rows()) && add_null(cursor);
  }

  Result<std::shared_ptr<arrow::ArrayData>> finish() override {
    ARROW_ASSIGN_OR_RAISE(auto offsets,
                          offsets_.finish(num_rows_, elements_->num_rows()));
    ARROW_ASSIGN_OR_RAISE(auto elements, elements_->finish());
    return finish_array({std::move(offsets)}, {std::move(elements)});
  }

  void reset() override {
    ColumnDecoder::reset();
    elements_->reset();
  }

 private:
  std::unique_ptr<ColumnDecoder> elements_;
  Offsets<Offset> offsets_;
};

class FixedSizeListColumn : public ColumnDecoder {
 public:
  FixedSizeListColumn(const std::shared_ptr<arrow::DataType>& type,
                      std::unique_ptr<ColumnDecoder> elements)
      : ColumnDecoder(type),
        elements_(std::move(elements)),
        size_(static_cast<const arrow::FixedSizeListType&>(*type).list_size()) {}

  bool decode(Cursor& cursor) override {
    if (cursor.peek() == 'n') return cursor.take_null() && append_null(cursor);
    if (cursor.peek() != '[') return cursor.fail_type(*type_);
    const int64_t offset = cursor.offset();
    const int64_t before = elements_->num_rows();
    if (!decode_elements(cursor, *elements_)) return false;
    const int64_t size = elements_->num_rows() - before;
    if (size != size_) {
      return cursor.fail_type_at(offset, *type_, fmt::format("has {} elements", size));
    }
    ++num_rows_;
    return true;
  }

  bool append_null(Cursor& cursor) override {
    for (int32_t i = 0; i < size_; ++i) {
      if (!elements_->append_null(cursor)) return false;
    }
    return add_null(cursor);
  }

  Result<std::shared_ptr<arrow::ArrayData>> finish() override {
    ARROW_ASSIGN_OR_RAISE(auto elements, elements_->finish());
    return finish_array({}, {std::move(elements)});
  }

  void reset() override {
    ColumnDecoder::reset();
    elements_->reset();
  }

 private:
  std::unique_ptr<ColumnDecoder> elements_;
  const int32_t size_;
};

// An object whose fields' names are the keys.
class MapColumn : public ColumnDecoder {
 public:
  MapColumn(const std::shared_ptr<arrow::DataType>& type,
            std::unique_ptr<ColumnDecoder> items)
      : ColumnDecoder(type), items_(std::move(items)) {}

  bool decode(Cursor& cursor) override {
    if (cursor.peek() == 'n') return cursor.take_null() && append_null(cursor);
    if (cursor.peek() != '{') return cursor.fail_type(*type_);
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
    std::string_view key;
    if (!cursor.take_key(key, buffer_)) return false;
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
  Offsets<int32_t> offsets_;
  Offsets<int32_t> key_offsets_;
  ColumnBuffer key_text_;
  int64_t key_bytes_ = 0;
  std::unordered_set<std::string> seen_;  // keys of the row at hand
  std::vector<uint8_t> buffer_;
};

Result<std::unique_ptr<ColumnDecoder>> make_struct_column(
    const std::shared_ptr<arrow::DataType>& type, SchemaOrigin origin) {
  const std::vector<bool> all(static_cast<size_t>(type->num_fields()), true);
  ARROW_ASSIGN_OR_RAISE(auto fields, ObjectDecoder::make(type->fields(), all, origin));
  return std::make_unique<StructColumn>(type, std::move(fields));
}

}  // namespace

Result<std::unique_ptr<ColumnDecoder>> make_nested_column(
    const std::shared_ptr<arrow::DataType>& type, SchemaOrigin origin) {
  std::unique_ptr<ColumnDecoder> none;
  if (type->id() == arrow::Type::STRUCT) return make_struct_column(type, origin);
  if (type->id() == arrow::Type::MAP) {
    const auto& map = static_cast<const arrow::MapType&>(*type);
    if (map.key_type()->id() != arrow::Type::STRING) return none;
    ARROW_ASSIGN_OR_RAISE(auto items, make_column(map.item_type(), origin));
    return std::make_unique<MapColumn>(type, std::move(items));
  }
  if (!arrow::is_list(type->id())) return none;
  ARROW_ASSIGN_OR_RAISE(auto elements, make_column(type->field(0)->type(), origin));
  switch (type->id()) {
    case arrow::Type::LIST:
      return std::make_unique<ListColumn<int32_t>>(type, std::move(elements));
    case arrow::Type::LARGE_LIST:
      return std::make_unique<ListColumn<int64_t>>(type, std::move(elements));
    case arrow::Type::FIXED_SIZE_LIST:
      return std::make_unique<FixedSizeListColumn>(type, std::move(elements));
    default:
      return none;
  }
}

}  // namespace velo::formats::json
