#include "velo/formats/protobuf/types.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

namespace velo::formats::protobuf {
namespace {

constexpr int64_t kMostColumns = 100'000;
constexpr size_t kMostDepth = 64;

// Goes down from one message to those in it.
class TypeMaker {
 public:
  Result<arrow::FieldVector> fields_of(const MessageDescriptor& message) {
    if (std::ranges::find(open_, &message) != open_.end()) {
      return refuse(fmt::format("message '{}' is within itself", message.name));
    }
    if (open_.size() == kMostDepth) return refuse("messages are nested too deep");
    open_.push_back(&message);
    arrow::FieldVector fields;
    for (const FieldDescriptor& field : message.fields) {
      if (++num_columns_ > kMostColumns) return refuse("there are too many columns");
      path_.push_back(field.name);
      ARROW_ASSIGN_OR_RAISE(auto type, type_of(field));
      path_.pop_back();
      fields.push_back(arrow::field(field.name, std::move(type), is_nullable(field)));
    }
    open_.pop_back();
    return fields;
  }

 private:
  static bool is_nullable(const FieldDescriptor& field) {
    return field.has_presence && !field.is_required && !field.default_value;
  }

  Status refuse(std::string_view problem) const {
    return make_error(ErrorKind::kNotImplemented, {},
                      fmt::format("{}: {}; no column can be made of it. A descriptor "
                                  "without the field has it stepped over",
                                  problem, fmt::join(path_, ".")));
  }

  Result<std::shared_ptr<arrow::DataType>> type_of(const FieldDescriptor& field) {
    if (field.type == FieldType::kGroup) {
      return refuse("it is a group, not a field of a message's type");
    }
    if (field.message && field.message->is_map_entry) return map_of(*field.message);
    ARROW_ASSIGN_OR_RAISE(auto type, type_of_value(field));
    if (!field.is_repeated) return type;
    return arrow::list(arrow::field("item", std::move(type), /*nullable=*/false));
  }

  Result<std::shared_ptr<arrow::DataType>> map_of(const MessageDescriptor& entry) {
    const bool is_entry = entry.fields.size() == 2 && entry.fields[0].number == 1 &&
                          entry.fields[1].number == 2 && !entry.fields[0].message;
    if (!is_entry) return refuse("a map's entry is no key with a value");
    ARROW_ASSIGN_OR_RAISE(auto key, type_of_value(entry.fields[0]));
    ARROW_ASSIGN_OR_RAISE(auto value, type_of_value(entry.fields[1]));
    return std::make_shared<arrow::MapType>(
        arrow::field("key", std::move(key), /*nullable=*/false),
        arrow::field("value", std::move(value), /*nullable=*/false));
  }

  Result<std::shared_ptr<arrow::DataType>> type_of_value(const FieldDescriptor& field) {
    return field.message ? type_of_message(*field.message) : type_of_plain(field.type);
  }

  Result<std::shared_ptr<arrow::DataType>> type_of_message(
      const MessageDescriptor& message) {
    switch (well_known(message)) {
      case WellKnown::kTimestamp:
        return arrow::timestamp(arrow::TimeUnit::NANO, "UTC");
      case WellKnown::kDuration:
        return arrow::duration(arrow::TimeUnit::NANO);
      case WellKnown::kWrapper:
        return type_of_value(message.fields.front());
      case WellKnown::kNone:
        break;
    }
    ARROW_ASSIGN_OR_RAISE(auto fields, fields_of(message));
    return arrow::struct_(std::move(fields));
  }

  std::vector<const MessageDescriptor*> open_;
  std::vector<std::string> path_;
  int64_t num_columns_ = 0;
};

bool has_fields(const MessageDescriptor& message, const std::vector<FieldType>& types) {
  if (message.fields.size() != types.size()) return false;
  for (size_t i = 0; i < types.size(); ++i) {
    const FieldDescriptor& field = message.fields[i];
    if (field.type != types[i] || field.number != i + 1 || field.is_repeated) {
      return false;
    }
  }
  return true;
}

bool is_wrapper(const std::string& name) {
  constexpr std::string_view kWrapped[] = {"Double", "Float", "Int64",  "UInt64", "Int32",
                                           "UInt32", "Bool",  "String", "Bytes"};
  return std::ranges::any_of(kWrapped, [&](std::string_view wrapped) {
    return name == fmt::format("google.protobuf.{}Value", wrapped);
  });
}

}  // namespace

// Others of the same name, which anybody can write, are messages as any.
WellKnown well_known(const MessageDescriptor& message) {
  if (!message.name.starts_with("google.protobuf.")) return WellKnown::kNone;
  const bool is_time = has_fields(message, {FieldType::kInt64, FieldType::kInt32});
  if (is_time && message.name == "google.protobuf.Timestamp") {
    return WellKnown::kTimestamp;
  }
  if (is_time && message.name == "google.protobuf.Duration") return WellKnown::kDuration;
  if (is_wrapper(message.name) && message.fields.size() == 1 &&
      has_fields(message, {message.fields[0].type}) &&
      message.fields[0].type != FieldType::kMessage) {
    return WellKnown::kWrapper;
  }
  return WellKnown::kNone;
}

std::shared_ptr<arrow::DataType> type_of_plain(FieldType type) {
  switch (type) {
    case FieldType::kDouble:
      return arrow::float64();
    case FieldType::kFloat:
      return arrow::float32();
    case FieldType::kInt64:
    case FieldType::kSint64:
    case FieldType::kSfixed64:
      return arrow::int64();
    case FieldType::kUint64:
    case FieldType::kFixed64:
      return arrow::uint64();
    case FieldType::kInt32:
    case FieldType::kSint32:
    case FieldType::kSfixed32:
      return arrow::int32();
    case FieldType::kUint32:
    case FieldType::kFixed32:
      return arrow::uint32();
    case FieldType::kBool:
      return arrow::boolean();
    case FieldType::kBytes:
      return arrow::binary();
    default:
      return arrow::utf8();
  }
}

Result<std::shared_ptr<arrow::Schema>> schema_of(const MessageDescriptor& message) {
  ARROW_ASSIGN_OR_RAISE(auto fields, TypeMaker().fields_of(message));
  return arrow::schema(std::move(fields));
}

}  // namespace velo::formats::protobuf
