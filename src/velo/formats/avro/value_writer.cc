#include "velo/formats/avro/value_writer.h"

#include <arrow/extension_type.h>
#include <fmt/format.h>

#include <unordered_set>

#include "velo/base/utf8.h"
#include "velo/formats/avro/binary.h"

namespace velo::formats::avro {
namespace {

void put_long(int64_t value, TextBuffer& out) {
  out.advance_to(write_long(value, out.room(kMostLongBytes)));
}

class StructWriter : public ValueWriter {
 public:
  explicit StructWriter(RecordWriter record) : record_(std::move(record)) {}

  Status bind(const std::shared_ptr<arrow::Array>& array) override {
    ARROW_RETURN_NOT_OK(ValueWriter::bind(array));
    arrow::ArrayVector columns;
    for (int i = 0; i < array->type()->num_fields(); ++i) {
      columns.push_back(this->array<arrow::StructArray>().field(i));
    }
    return record_.bind(columns);
  }

 private:
  Status write(int64_t row, TextBuffer& out) override { return record_.write(row, out); }

  RecordWriter record_;
};

template <typename Array>
class ListWriter : public ValueWriter {
 public:
  explicit ListWriter(ItemWriter items) : items_(std::move(items)) {}

  Status bind(const std::shared_ptr<arrow::Array>& array) override {
    ARROW_RETURN_NOT_OK(ValueWriter::bind(array));
    return items_.bind(this->template array<Array>().values());
  }

 private:
  Status write(int64_t row, TextBuffer& out) override {
    const auto& lists = this->template array<Array>();
    const int64_t begin = lists.value_offset(row);
    const int64_t size = lists.value_length(row);
    if (size > 0) put_long(size, out);
    for (int64_t i = begin; i < begin + size; ++i) {
      ARROW_RETURN_NOT_OK(items_.write(i, out));
    }
    put_long(0, out);
    return Status::OK();
  }

  ItemWriter items_;
};

template <typename KeyArray>
class MapWriter : public ValueWriter {
 public:
  explicit MapWriter(ItemWriter values) : values_(std::move(values)) {}

  Status bind(const std::shared_ptr<arrow::Array>& array) override {
    ARROW_RETURN_NOT_OK(ValueWriter::bind(array));
    const auto& maps = this->array<arrow::MapArray>();
    keys_ = std::static_pointer_cast<KeyArray>(maps.keys());
    return values_.bind(maps.items());
  }

 private:
  Status write(int64_t row, TextBuffer& out) override {
    const auto& maps = array<arrow::MapArray>();
    const int64_t begin = maps.value_offset(row);
    const int64_t size = maps.value_length(row);
    if (size > 0) put_long(size, out);
    std::unordered_set<std::string_view> names;
    for (int64_t i = begin; i < begin + size; ++i) {
      const std::string_view key = keys_->GetView(i);
      if (!names.insert(key).second) {
        return make_error(ErrorKind::kSchemaMismatch, {},
                          fmt::format("the map has the key '{}' twice", key));
      }
      if (find_invalid_utf8(key) != std::string_view::npos) {
        return make_error(ErrorKind::kSchemaMismatch, {}, "a map's key is not UTF-8");
      }
      put_long(static_cast<int64_t>(key.size()), out);
      out.put(key);
      ARROW_RETURN_NOT_OK(values_.write(i, out));
    }
    put_long(0, out);
    return Status::OK();
  }

  std::shared_ptr<KeyArray> keys_;
  ItemWriter values_;
};

class DictionaryWriter : public ValueWriter {
 public:
  explicit DictionaryWriter(std::unique_ptr<ValueWriter> values)
      : values_(std::move(values)) {}

  Status bind(const std::shared_ptr<arrow::Array>& array) override {
    ARROW_RETURN_NOT_OK(ValueWriter::bind(array));
    const auto& dictionary = this->array<arrow::DictionaryArray>().dictionary();
    if (dictionary->null_count() > 0) {
      return make_error(ErrorKind::kSchemaMismatch, {},
                        "a dictionary has NULL among its values; cast it first");
    }
    return values_->bind(dictionary);
  }

 private:
  Status write(int64_t row, TextBuffer& out) override {
    return values_->write(array<arrow::DictionaryArray>().GetValueIndex(row), out);
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
    return storage_->write(row, out);
  }

  std::unique_ptr<ValueWriter> storage_;
};

template <typename Writer>
Result<std::unique_ptr<ValueWriter>> make_around(const arrow::DataType& inner) {
  ARROW_ASSIGN_OR_RAISE(auto writer, make_value_writer(inner));
  return std::make_unique<Writer>(std::move(writer));
}

template <typename Writer>
Result<std::unique_ptr<ValueWriter>> make_of_items(const arrow::Field& items) {
  ARROW_ASSIGN_OR_RAISE(auto writer, ItemWriter::make(items));
  return std::make_unique<Writer>(std::move(writer));
}

Result<std::unique_ptr<ValueWriter>> make_map_writer(const arrow::MapType& map) {
  switch (map.key_type()->id()) {
    case arrow::Type::STRING:
      return make_of_items<MapWriter<arrow::StringArray>>(*map.item_field());
    case arrow::Type::LARGE_STRING:
      return make_of_items<MapWriter<arrow::LargeStringArray>>(*map.item_field());
    case arrow::Type::STRING_VIEW:
      return make_of_items<MapWriter<arrow::StringViewArray>>(*map.item_field());
    default:  // a list of records
      return make_of_items<ListWriter<arrow::MapArray>>(*map.field(0));
  }
}

}  // namespace

Status ItemWriter::write_null(TextBuffer& out) const {
  if (branch_) out.put('\0');
  if (branch_ || is_nothing_) return Status::OK();
  return make_error(ErrorKind::kSchemaMismatch, {},
                    "it is NULL, and the column is said to have none");
}

Result<ItemWriter> ItemWriter::make(const arrow::Field& field) {
  ItemWriter item;
  ARROW_ASSIGN_OR_RAISE(item.writer_, make_value_writer(*field.type()));
  item.is_nothing_ = field.type()->id() == arrow::Type::NA;
  item.branch_ = field.nullable() && !item.is_nothing_;
  return item;
}

Result<RecordWriter> RecordWriter::make(const arrow::FieldVector& fields) {
  RecordWriter record;
  for (const auto& field : fields) {
    auto writer = ItemWriter::make(*field);
    if (!writer.ok()) {
      return annotate(writer.status(), fmt::format("column '{}'", field->name()));
    }
    record.members_.push_back({field->name(), *std::move(writer)});
  }
  return record;
}

Status RecordWriter::bind(const arrow::ArrayVector& columns) {
  for (size_t i = 0; i < members_.size(); ++i) {
    const Status status = members_[i].writer.bind(columns[i]);
    if (!status.ok()) {
      return annotate(status, fmt::format("column '{}'", members_[i].name));
    }
  }
  return Status::OK();
}

Status RecordWriter::write(int64_t row, TextBuffer& out) {
  for (Member& member : members_) {
    Status status = member.writer.write(row, out);
    if (!status.ok()) {
      return annotate(std::move(status), fmt::format("column '{}'", member.name));
    }
  }
  return Status::OK();
}

Result<std::unique_ptr<ValueWriter>> make_value_writer(const arrow::DataType& type) {
  if (auto writer = make_scalar_writer(type)) return writer;
  switch (type.id()) {
    case arrow::Type::STRUCT: {
      ARROW_ASSIGN_OR_RAISE(auto record, RecordWriter::make(type.fields()));
      return std::make_unique<StructWriter>(std::move(record));
    }
    case arrow::Type::LIST:
      return make_of_items<ListWriter<arrow::ListArray>>(*type.field(0));
    case arrow::Type::LARGE_LIST:
      return make_of_items<ListWriter<arrow::LargeListArray>>(*type.field(0));
    case arrow::Type::FIXED_SIZE_LIST:
      return make_of_items<ListWriter<arrow::FixedSizeListArray>>(*type.field(0));
    case arrow::Type::LIST_VIEW:
      return make_of_items<ListWriter<arrow::ListViewArray>>(*type.field(0));
    case arrow::Type::LARGE_LIST_VIEW:
      return make_of_items<ListWriter<arrow::LargeListViewArray>>(*type.field(0));
    case arrow::Type::MAP:
      return make_map_writer(static_cast<const arrow::MapType&>(type));
    case arrow::Type::DICTIONARY:
      return make_around<DictionaryWriter>(
          *static_cast<const arrow::DictionaryType&>(type).value_type());
    case arrow::Type::EXTENSION:
      return make_around<ExtensionWriter>(
          *static_cast<const arrow::ExtensionType&>(type).storage_type());
    default:
      return make_error(
          ErrorKind::kSchemaMismatch, {},
          fmt::format("Avro cannot hold {}; cast it first", type.ToString()));
  }
}

}  // namespace velo::formats::avro
