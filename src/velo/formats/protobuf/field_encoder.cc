#include "velo/formats/protobuf/field_encoder.h"

#include <arrow/array/array_nested.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/columnar/schema_text.h"

namespace velo::formats::protobuf {
namespace {

Status no_null(std::string_view why) {
  return make_error(ErrorKind::kSchemaMismatch, {},
                    fmt::format("NULL cannot be written: {}", why));
}

class SingleField : public FieldEncoder {
 public:
  SingleField(const FieldDescriptor& field, std::unique_ptr<ValueEncoder> values)
      : FieldEncoder(field.name, field.oneof),
        number_(field.number),
        has_presence_(field.has_presence),
        can_be_null_(field.has_presence && !field.is_required && !field.default_value),
        values_(std::move(values)) {}

  Status bind(const std::shared_ptr<arrow::Array>& array) override {
    array_ = array;
    return values_->bind(array);
  }

  Status write(int64_t row, std::string& out) override {
    if (array_->IsNull(row)) {
      if (can_be_null_) return Status::OK();
      return no_null(
          "a field that is not there is read as its default; declare it "
          "optional, or COALESCE it in the SELECT");
    }
    const size_t begin = out.size();
    append_tag(number_, values_->wire(), out);
    const size_t value = out.size();
    ARROW_RETURN_NOT_OK(values_->write(row, out));
    // What is not there is read as 0.
    const bool is_zero = std::all_of(out.begin() + static_cast<std::ptrdiff_t>(value),
                                     out.end(), [](char byte) { return byte == 0; });
    if (!has_presence_ && is_zero) out.resize(begin);
    return Status::OK();
  }

 private:
  const uint32_t number_;
  const bool has_presence_;
  const bool can_be_null_;
  const std::unique_ptr<ValueEncoder> values_;
  std::shared_ptr<arrow::Array> array_;
};

class RepeatedField : public FieldEncoder {
 public:
  RepeatedField(const FieldDescriptor& field, std::unique_ptr<ValueEncoder> values)
      : FieldEncoder(field.name, field.oneof),
        number_(field.number),
        is_packed_(field.is_packed),
        values_(std::move(values)) {}

  Status bind(const std::shared_ptr<arrow::Array>& array) override {
    lists_ = std::static_pointer_cast<arrow::ListArray>(array);
    return values_->bind(lists_->values());
  }

  Status write(int64_t row, std::string& out) override {
    if (lists_->IsNull(row)) return no_null("a list that is not there is read as empty");
    const int64_t begin = lists_->value_offset(row);
    const int64_t end = lists_->value_offset(row + 1);
    packed_.clear();
    for (int64_t element = begin; element < end; ++element) {
      if (lists_->values()->IsNull(element)) return no_null("it is within a list");
      if (is_packed_) {
        ARROW_RETURN_NOT_OK(values_->write(element, packed_));
      } else {
        append_tag(number_, values_->wire(), out);
        ARROW_RETURN_NOT_OK(values_->write(element, out));
      }
    }
    if (is_packed_ && begin < end) append_bytes(number_, packed_, out);
    return Status::OK();
  }

 private:
  const uint32_t number_;
  const bool is_packed_;
  const std::unique_ptr<ValueEncoder> values_;
  std::shared_ptr<arrow::ListArray> lists_;
  std::string packed_;
};

class MapField : public FieldEncoder {
 public:
  MapField(const FieldDescriptor& field, std::unique_ptr<ValueEncoder> keys,
           std::unique_ptr<ValueEncoder> values)
      : FieldEncoder(field.name, field.oneof),
        number_(field.number),
        keys_(std::move(keys)),
        values_(std::move(values)) {}

  Status bind(const std::shared_ptr<arrow::Array>& array) override {
    maps_ = std::static_pointer_cast<arrow::MapArray>(array);
    ARROW_RETURN_NOT_OK(keys_->bind(maps_->keys()));
    return values_->bind(maps_->items());
  }

  Status write(int64_t row, std::string& out) override {
    if (maps_->IsNull(row)) return no_null("a map that is not there is read as empty");
    for (int64_t i = maps_->value_offset(row); i < maps_->value_offset(row + 1); ++i) {
      if (maps_->items()->IsNull(i)) return no_null("it is within a map");
      entry_.clear();
      append_tag(1, keys_->wire(), entry_);
      ARROW_RETURN_NOT_OK(keys_->write(i, entry_));
      append_tag(2, values_->wire(), entry_);
      ARROW_RETURN_NOT_OK(values_->write(i, entry_));
      append_bytes(number_, entry_, out);
    }
    return Status::OK();
  }

 private:
  const uint32_t number_;
  const std::unique_ptr<ValueEncoder> keys_;
  const std::unique_ptr<ValueEncoder> values_;
  std::shared_ptr<arrow::MapArray> maps_;
  std::string entry_;
};

Status wrong_type(const arrow::DataType& type, std::string_view wanted) {
  return make_error(
      ErrorKind::kSchemaMismatch, {},
      fmt::format("{} cannot be written there; {} can", type_name(type), wanted));
}

}  // namespace

Result<std::unique_ptr<FieldEncoder>> make_field_encoder(
    const FieldDescriptor& field, const std::shared_ptr<arrow::DataType>& type) {
  if (field.message && field.message->is_map_entry) {
    if (type->id() != arrow::Type::MAP) return wrong_type(*type, "a map");
    const auto& map = static_cast<const arrow::MapType&>(*type);
    const auto& entry = field.message->fields;
    ARROW_ASSIGN_OR_RAISE(auto keys, make_value_encoder(entry[0], map.key_type()));
    ARROW_ASSIGN_OR_RAISE(auto values, make_value_encoder(entry[1], map.item_type()));
    return std::make_unique<MapField>(field, std::move(keys), std::move(values));
  }
  if (field.is_repeated) {
    if (type->id() != arrow::Type::LIST) return wrong_type(*type, "a list");
    const auto& list = static_cast<const arrow::ListType&>(*type);
    ARROW_ASSIGN_OR_RAISE(auto values, make_value_encoder(field, list.value_type()));
    return std::make_unique<RepeatedField>(field, std::move(values));
  }
  ARROW_ASSIGN_OR_RAISE(auto values, make_value_encoder(field, type));
  return std::make_unique<SingleField>(field, std::move(values));
}

}  // namespace velo::formats::protobuf
