// Columns of structs and lists.

#include <fmt/format.h>

#include "velo/formats/json/column_decoder.h"
#include "velo/formats/json/object_decoder.h"
#include "velo/formats/json/offsets.h"

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

Result<std::unique_ptr<ColumnDecoder>> make_struct_column(
    const std::shared_ptr<arrow::DataType>& type, const ColumnRules& rules) {
  const std::vector<bool> all(static_cast<size_t>(type->num_fields()), true);
  ARROW_ASSIGN_OR_RAISE(auto fields, ObjectDecoder::make(type->fields(), all, rules));
  return std::make_unique<StructColumn>(type, std::move(fields));
}

}  // namespace

Result<std::unique_ptr<ColumnDecoder>> make_nested_column(
    const std::shared_ptr<arrow::DataType>& type, const ColumnRules& rules) {
  std::unique_ptr<ColumnDecoder> none;
  if (type->id() == arrow::Type::STRUCT) return make_struct_column(type, rules);
  if (type->id() == arrow::Type::MAP) return make_map_column(type, rules);
  if (!arrow::is_list(type->id())) return none;
  ARROW_ASSIGN_OR_RAISE(auto elements, make_column(type->field(0)->type(), rules));
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
