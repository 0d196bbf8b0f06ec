// Writers of structs, lists and maps, and of what stands for another type.

#include <arrow/extension_type.h>
#include <fmt/format.h>

#include <unordered_set>

#include "velo/formats/json/quoted_text.h"
#include "velo/formats/json/value_writer.h"

namespace velo::formats::json {
namespace {

class StructWriter : public ValueWriter {
 public:
  explicit StructWriter(ObjectWriter object) : object_(std::move(object)) {}

  Status bind(const std::shared_ptr<arrow::Array>& array) override {
    ARROW_RETURN_NOT_OK(ValueWriter::bind(array));
    arrow::ArrayVector columns;
    for (int i = 0; i < array->type()->num_fields(); ++i) {
      columns.push_back(this->array<arrow::StructArray>().field(i));
    }
    return object_.bind(columns);
  }

 private:
  Status write(int64_t row, TextBuffer& out) override { return object_.write(row, out); }

  ObjectWriter object_;
};

template <typename Array>
class ListWriter : public ValueWriter {
 public:
  explicit ListWriter(std::unique_ptr<ValueWriter> elements)
      : elements_(std::move(elements)) {}

  Status bind(const std::shared_ptr<arrow::Array>& array) override {
    ARROW_RETURN_NOT_OK(ValueWriter::bind(array));
    return elements_->bind(this->template array<Array>().values());
  }

 private:
  Status write(int64_t row, TextBuffer& out) override {
    const auto& lists = this->template array<Array>();
    const int64_t begin = lists.value_offset(row);
    const int64_t end = begin + lists.value_length(row);
    out.put('[');
    for (int64_t i = begin; i < end; ++i) {
      if (i > begin) out.put(',');
      ARROW_RETURN_NOT_OK(put_value(*elements_, i, out));
    }
    out.put(']');
    return Status::OK();
  }

  std::unique_ptr<ValueWriter> elements_;
};

// A map with text keys is an object; other maps are lists of their entries.
template <typename KeyArray>
class MapWriter : public ValueWriter {
 public:
  explicit MapWriter(std::unique_ptr<ValueWriter> items) : items_(std::move(items)) {}

  Status bind(const std::shared_ptr<arrow::Array>& array) override {
    ARROW_RETURN_NOT_OK(ValueWriter::bind(array));
    const auto& maps = this->array<arrow::MapArray>();
    keys_ = std::static_pointer_cast<KeyArray>(maps.keys());
    return items_->bind(maps.items());
  }

 private:
  Status write(int64_t row, TextBuffer& out) override {
    const auto& maps = array<arrow::MapArray>();
    const int64_t begin = maps.value_offset(row);
    const int64_t end = begin + maps.value_length(row);
    std::unordered_set<std::string_view> names;
    out.put('{');
    for (int64_t i = begin; i < end; ++i) {
      const std::string_view name = keys_->GetView(i);
      if (!names.insert(name).second) {
        return make_error(ErrorKind::kSchemaMismatch, {},
                          fmt::format("the map has the key '{}' twice", name));
      }
      if (i > begin) out.put(',');
      ARROW_RETURN_NOT_OK(put_quoted(name, out));
      out.put(':');
      ARROW_RETURN_NOT_OK(put_value(*items_, i, out));
    }
    out.put('}');
    return Status::OK();
  }

  std::shared_ptr<KeyArray> keys_;
  std::unique_ptr<ValueWriter> items_;
};

class DictionaryWriter : public ValueWriter {
 public:
  explicit DictionaryWriter(std::unique_ptr<ValueWriter> values)
      : values_(std::move(values)) {}

  Status bind(const std::shared_ptr<arrow::Array>& array) override {
    ARROW_RETURN_NOT_OK(ValueWriter::bind(array));
    return values_->bind(this->array<arrow::DictionaryArray>().dictionary());
  }

 private:
  Status write(int64_t row, TextBuffer& out) override {
    return put_value(*values_, array<arrow::DictionaryArray>().GetValueIndex(row), out);
  }

  std::unique_ptr<ValueWriter> values_;
};

class ExtensionWriter : public ValueWriter {
 public:
  explicit ExtensionWriter(std::unique_ptr<ValueWriter> storage)
      : storage_(std::move(storage)) {}

  Status bind(const std::shared_ptr<arrow::Array>& array) override {
    ARROW_RETURN_NOT_OK(ValueWriter::bind(array));
    return storage_->bind(this->array<arrow::ExtensionArray>().storage());
  }

 private:
  Status write(int64_t row, TextBuffer& out) override {
    return put_value(*storage_, row, out);
  }

  std::unique_ptr<ValueWriter> storage_;
};

template <typename Writer>
Result<std::unique_ptr<ValueWriter>> make_around(
    const std::shared_ptr<arrow::DataType>& inner) {
  ARROW_ASSIGN_OR_RAISE(auto writer, make_value_writer(inner));
  return std::make_unique<Writer>(std::move(writer));
}

Result<std::unique_ptr<ValueWriter>> make_map_writer(const arrow::MapType& map) {
  switch (map.key_type()->id()) {
    case arrow::Type::STRING:
      return make_around<MapWriter<arrow::StringArray>>(map.item_type());
    case arrow::Type::LARGE_STRING:
      return make_around<MapWriter<arrow::LargeStringArray>>(map.item_type());
    case arrow::Type::STRING_VIEW:
      return make_around<MapWriter<arrow::StringViewArray>>(map.item_type());
    default:
      return make_around<ListWriter<arrow::MapArray>>(arrow::struct_(
          {arrow::field("key", map.key_type()), arrow::field("value", map.item_type())}));
  }
}

}  // namespace

Result<std::unique_ptr<ValueWriter>> make_nested_writer(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRUCT: {
      ARROW_ASSIGN_OR_RAISE(auto object, ObjectWriter::make(type.fields()));
      return std::make_unique<StructWriter>(std::move(object));
    }
    case arrow::Type::LIST:
      return make_around<ListWriter<arrow::ListArray>>(type.field(0)->type());
    case arrow::Type::LARGE_LIST:
      return make_around<ListWriter<arrow::LargeListArray>>(type.field(0)->type());
    case arrow::Type::FIXED_SIZE_LIST:
      return make_around<ListWriter<arrow::FixedSizeListArray>>(type.field(0)->type());
    case arrow::Type::LIST_VIEW:
      return make_around<ListWriter<arrow::ListViewArray>>(type.field(0)->type());
    case arrow::Type::LARGE_LIST_VIEW:
      return make_around<ListWriter<arrow::LargeListViewArray>>(type.field(0)->type());
    case arrow::Type::MAP:
      return make_map_writer(static_cast<const arrow::MapType&>(type));
    case arrow::Type::DICTIONARY:
      return make_around<DictionaryWriter>(
          static_cast<const arrow::DictionaryType&>(type).value_type());
    case arrow::Type::EXTENSION:
      return make_around<ExtensionWriter>(
          static_cast<const arrow::ExtensionType&>(type).storage_type());
    default:
      break;
  }
  return std::unique_ptr<ValueWriter>();
}

}  // namespace velo::formats::json
