#include "velo/formats/protobuf/field_appender.h"

#include <arrow/array/builder_nested.h>
#include <fmt/format.h>

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace velo::formats::protobuf {
namespace {

// One value, the last that came; of a message all that came, which together are one.
class SingleField : public FieldAppender {
 public:
  SingleField(const FieldDescriptor& field, std::unique_ptr<ValueAppender> values,
              arrow::ArrayBuilder* builder)
      : FieldAppender(field.name),
        is_message_(field.type == FieldType::kMessage),
        is_required_(field.is_required),
        is_null_unless_there_(field.has_presence && !field.default_value),
        values_(std::move(values)),
        builder_(builder) {}

  Status set_default(const FieldDescriptor& field) {
    return default_of(field, &default_bytes_).Value(&default_);
  }

  bool is_value(const WireField& value) const override {
    return value.type == values_->wire() && values_->is_known(value);
  }

  bool take(const WireField& value, DecodeRun&) override {
    if (is_message_ && is_there_) {
      if (value_.bytes.data() != merged_.data()) merged_ = value_.bytes;
      merged_ += value.bytes;
      value_.bytes = merged_;
    } else {
      value_ = value;
    }
    is_there_ = true;
    return true;
  }

  void forget() override { is_there_ = false; }

  bool finish_row(DecodeRun& run) override {
    if (is_there_) {
      is_there_ = false;
      return values_->append(value_, run);
    }
    if (is_required_) return run.fail("a required field is not there");
    return is_null_unless_there_ ? run.check(builder_->AppendNull())
                                 : values_->append(default_, run);
  }

 private:
  const bool is_message_;
  const bool is_required_;
  const bool is_null_unless_there_;
  const std::unique_ptr<ValueAppender> values_;
  arrow::ArrayBuilder* const builder_;
  WireField default_;
  std::string default_bytes_;
  WireField value_;
  std::string merged_;
  bool is_there_ = false;
};

// The elements of a packed field, or of one that is not, one by one.
template <typename OnElement>
bool for_each_packed(std::string_view bytes, WireType wire, DecodeRun& run,
                     OnElement on_element) {
  WireField element{.number = 1, .type = wire, .value = 0, .bytes = {}};
  const size_t width = wire == WireType::kFixed32 ? 4 : 8;
  while (!bytes.empty()) {
    if (wire == WireType::kVarint) {
      if (!take_varint(bytes, &element.value)) {
        return run.fail("a number of a packed field cannot be read");
      }
    } else {
      if (bytes.size() < width) return run.fail("a packed field ends within a number");
      element.value = 0;
      std::memcpy(&element.value, bytes.data(), width);
      bytes.remove_prefix(width);
    }
    if (!on_element(element)) return false;
  }
  return true;
}

class RepeatedField : public FieldAppender {
 public:
  RepeatedField(const FieldDescriptor& field, std::unique_ptr<ValueAppender> values,
                arrow::ArrayBuilder* builder)
      : FieldAppender(field.name),
        values_(std::move(values)),
        builder_(static_cast<arrow::ListBuilder*>(builder)) {}

  bool take(const WireField& value, DecodeRun& run) override {
    if (!begin(run)) return false;
    const auto append = [&](const WireField& element) {
      if (values_->is_known(element)) return values_->append(element, run);
      ++run.num_unknown;
      return true;
    };
    if (value.type == values_->wire()) return append(value);
    if (value.type == WireType::kBytes) {
      return for_each_packed(value.bytes, values_->wire(), run, append);
    }
    ++run.num_unknown;
    return true;
  }

  void forget() override {}

  bool finish_row(DecodeRun& run) override {
    const bool has_begun = begin(run);
    has_begun_ = false;
    return has_begun;
  }

 private:
  bool begin(DecodeRun& run) {
    if (has_begun_) return true;
    has_begun_ = true;
    return run.check(builder_->Append());
  }

  const std::unique_ptr<ValueAppender> values_;
  arrow::ListBuilder* const builder_;
  bool has_begun_ = false;
};

// Of entries with one key the last counts.
class MapField : public FieldAppender {
 public:
  MapField(const FieldDescriptor& field, arrow::ArrayBuilder* builder)
      : FieldAppender(field.name),
        has_messages_(field.message->fields[1].type == FieldType::kMessage),
        builder_(static_cast<arrow::MapBuilder*>(builder)) {}

  Status make_values(const MessageDescriptor& entry) {
    ARROW_ASSIGN_OR_RAISE(keys_,
                          make_value_appender(entry.fields[0], builder_->key_builder()));
    ARROW_ASSIGN_OR_RAISE(values_,
                          make_value_appender(entry.fields[1], builder_->item_builder()));
    ARROW_ASSIGN_OR_RAISE(no_key_, default_of(entry.fields[0], &no_key_bytes_));
    return default_of(entry.fields[1], &no_value_bytes_).Value(&no_value_);
  }

  bool take(const WireField& value, DecodeRun& run) override {
    if (value.type != WireType::kBytes) {
      ++run.num_unknown;
      return true;
    }
    Entry entry{.key = no_key_, .value = no_value_};
    bool is_known = true;
    bool has_value = false;
    std::string* joined = nullptr;
    WireReader reader(value.bytes);
    WireField field;
    while (reader.next(&field)) {
      if (field.number == 1 && field.type == keys_->wire()) entry.key = field;
      if (field.number == 2 && field.type == values_->wire()) {
        is_known = values_->is_known(field);
        if (has_messages_ && has_value) {  // all of them together are one
          if (!joined) joined = &joined_.emplace_back(entry.value.bytes);
          *joined += field.bytes;
          field.bytes = *joined;
        }
        has_value = true;
        entry.value = field;
      }
    }
    if (reader.problem()) return run.fail(reader.problem());
    if (!is_known) {  // then the entry is not either
      ++run.num_unknown;
      return true;
    }
    const Key key{keys_->number_of(entry.key), entry.key.bytes};
    const auto [known, is_new] = places_.emplace(key, entries_.size());
    if (is_new) {
      entries_.push_back(entry);
    } else {
      entries_[known->second] = entry;
    }
    return true;
  }

  void forget() override {}

  bool finish_row(DecodeRun& run) override {
    if (!run.check(builder_->Append())) return false;
    for (const Entry& entry : entries_) {
      if (!keys_->append(entry.key, run)) return run.fail_inside("key");
      if (!values_->append(entry.value, run)) return run.fail_inside("value");
    }
    entries_.clear();
    places_.clear();
    joined_.clear();
    return true;
  }

 private:
  struct Entry {
    WireField key;
    WireField value;
  };
  struct Key {
    uint64_t number;
    std::string_view bytes;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const {
      return std::hash<uint64_t>()(key.number) ^ std::hash<std::string_view>()(key.bytes);
    }
  };

  const bool has_messages_;
  arrow::MapBuilder* const builder_;
  std::unique_ptr<ValueAppender> keys_;
  std::unique_ptr<ValueAppender> values_;
  WireField no_key_;
  WireField no_value_;
  std::string no_key_bytes_;
  std::string no_value_bytes_;
  std::vector<Entry> entries_;
  std::deque<std::string> joined_;  // what entries refer to
  std::unordered_map<Key, size_t, KeyHash> places_;
};

}  // namespace

Result<std::unique_ptr<FieldAppender>> make_field_appender(const FieldDescriptor& field,
                                                           arrow::ArrayBuilder* builder) {
  if (field.message && field.message->is_map_entry) {
    auto map = std::make_unique<MapField>(field, builder);
    ARROW_RETURN_NOT_OK(map->make_values(*field.message));
    return map;
  }
  if (field.is_repeated) {
    auto* elements = static_cast<arrow::ListBuilder*>(builder)->value_builder();
    ARROW_ASSIGN_OR_RAISE(auto values, make_value_appender(field, elements));
    return std::make_unique<RepeatedField>(field, std::move(values), builder);
  }
  ARROW_ASSIGN_OR_RAISE(auto values, make_value_appender(field, builder));
  auto single = std::make_unique<SingleField>(field, std::move(values), builder);
  ARROW_RETURN_NOT_OK(single->set_default(field));
  return single;
}

}  // namespace velo::formats::protobuf
