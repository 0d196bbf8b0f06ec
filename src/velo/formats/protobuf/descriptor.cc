// Source: google/protobuf/descriptor.proto, whose field numbers stand below.

#include "velo/formats/protobuf/descriptor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "velo/base/utf8.h"
#include "velo/formats/protobuf/wire.h"

namespace velo::formats::protobuf {

namespace {

constexpr int kMostNestedTypes = 64;

Status corrupt(std::string_view what) {
  return make_error(ErrorKind::kCorruptData, {},
                    fmt::format("it is no descriptor file ({}); protoc "
                                "--include_imports -o FILE makes one",
                                what));
}

// Calls on_field for each field of a message.
Status for_each_field(std::string_view message,
                      const std::function<Status(const WireField&)>& on_field) {
  WireReader reader(message);
  WireField field;
  while (reader.next(&field)) ARROW_RETURN_NOT_OK(on_field(field));
  return reader.problem() ? corrupt(reader.problem()) : Status::OK();
}

enum class Syntax : int8_t { kProto2, kProto3 };

// What is there of a file, before its names are put together.
struct FileFacts {
  std::string package;
  Syntax syntax = Syntax::kProto2;
};

std::string joined(const std::string& scope, std::string_view name) {
  return scope.empty() ? std::string(name) : fmt::format("{}.{}", scope, name);
}

bool can_be_packed(FieldType type) {
  return type != FieldType::kString && type != FieldType::kBytes &&
         type != FieldType::kMessage && type != FieldType::kGroup;
}

// A name becomes that of a column, or a value of one.
Status check_name(std::string_view name) {
  if (find_invalid_utf8(name) == std::string_view::npos) return Status::OK();
  return corrupt("a name in it is not UTF-8");
}

Status check_names(const EnumDescriptor& enumeration) {
  for (const auto& [name, number] : enumeration.numbers) {
    ARROW_RETURN_NOT_OK(check_name(name));
  }
  return check_name(enumeration.name);
}

// protoc makes none with two of one name, or of one number.
Status check_fields(const MessageDescriptor& message) {
  ARROW_RETURN_NOT_OK(check_name(message.name));
  std::set<std::string_view> names;
  std::set<uint32_t> numbers;
  for (const FieldDescriptor& field : message.fields) {
    ARROW_RETURN_NOT_OK(check_name(field.name));
    if (names.insert(field.name).second && numbers.insert(field.number).second) continue;
    return corrupt(fmt::format("field '{}' of '{}' has the name or the number of another",
                               field.name, message.name));
  }
  return Status::OK();
}

}  // namespace

/// Reads the files of one set. Threads: thread-compatible.
class DescriptorReader {
 public:
  Status read_file(std::string_view file);
  Result<DescriptorSet> finish();

 private:
  Status read_message(std::string_view bytes, const std::string& scope, int depth);
  Status read_field(std::string_view bytes, MessageDescriptor& message);
  Status read_enum(std::string_view bytes, const std::string& scope);
  Status resolve(FieldDescriptor& field, const std::string& type_name,
                 const std::string& message) const;

  // The name of the type of a field of a message.
  struct TypeName {
    MessageDescriptor* message;
    size_t field;
    std::string name;
  };

  DescriptorSet set_;
  FileFacts file_;
  std::vector<TypeName> type_names_;
};

Status DescriptorReader::read_file(std::string_view file) {
  file_ = {};
  // Types need the package and the syntax, which may stand behind them.
  ARROW_RETURN_NOT_OK(for_each_field(file, [&](const WireField& field) -> Status {
    if (field.type != WireType::kBytes) {
      if (field.number != 14) return Status::OK();  // edition
      return make_error(ErrorKind::kNotImplemented, {},
                        "the file is of an edition, not of proto2 or proto3");
    }
    if (field.number == 2) file_.package = field.bytes;
    if (field.number != 12) return Status::OK();
    if (field.bytes == "proto3") file_.syntax = Syntax::kProto3;
    if (field.bytes == "proto2" || field.bytes == "proto3") return Status::OK();
    return make_error(
        ErrorKind::kNotImplemented, {},
        fmt::format("the file has the syntax '{}', not proto2 or proto3", field.bytes));
  }));
  return for_each_field(file, [&](const WireField& field) -> Status {
    if (field.type != WireType::kBytes) return Status::OK();
    if (field.number == 4) return read_message(field.bytes, file_.package, 0);
    if (field.number == 5) return read_enum(field.bytes, file_.package);
    return Status::OK();
  });
}

Status DescriptorReader::read_message(std::string_view bytes, const std::string& scope,
                                      int depth) {
  if (depth > kMostNestedTypes) return corrupt("types are nested too deep");
  auto message = std::make_unique<MessageDescriptor>();
  ARROW_RETURN_NOT_OK(for_each_field(bytes, [&](const WireField& field) {
    if (field.number == 1) message->name = joined(scope, field.bytes);
    if (field.number == 8) ++message->num_oneofs;
    return Status::OK();
  }));
  MessageDescriptor& known = *message;
  if (!set_.messages_.emplace(known.name, std::move(message)).second) {
    return corrupt(fmt::format("two messages are named '{}'", known.name));
  }
  return for_each_field(bytes, [&](const WireField& field) -> Status {
    if (field.type != WireType::kBytes) return Status::OK();
    switch (field.number) {
      case 2:
        return read_field(field.bytes, known);
      case 3:
        return read_message(field.bytes, known.name, depth + 1);
      case 4:
        return read_enum(field.bytes, known.name);
      case 7:
        return for_each_field(field.bytes, [&](const WireField& option) {
          if (option.number == 7) known.is_map_entry = option.value != 0;
          return Status::OK();
        });
      default:
        return Status::OK();
    }
  });
}

Status DescriptorReader::read_field(std::string_view bytes, MessageDescriptor& message) {
  FieldDescriptor read;
  uint64_t label = 1;
  uint64_t type = 0;
  std::string type_name;
  bool is_proto3_optional = false;
  std::optional<bool> packed;
  ARROW_RETURN_NOT_OK(for_each_field(bytes, [&](const WireField& field) -> Status {
    switch (field.number) {
      case 1:
        read.name = field.bytes;
        break;
      case 3:
        read.number = static_cast<uint32_t>(field.value);
        break;
      case 4:
        label = field.value;
        break;
      case 5:
        type = field.value;
        break;
      case 6:
        type_name = field.bytes;
        break;
      case 7:
        read.default_value = std::string(field.bytes);
        break;
      case 8:
        return for_each_field(field.bytes, [&](const WireField& option) {
          if (option.number == 2) packed = option.value != 0;
          return Status::OK();
        });
      case 9:
        if (field.value >= static_cast<uint64_t>(message.num_oneofs)) {
          return corrupt(fmt::format("a field of '{}' is of a oneof that there is not",
                                     message.name));
        }
        read.oneof = static_cast<int32_t>(field.value);
        break;
      case 17:
        is_proto3_optional = field.value != 0;
        break;
      default:
        break;
    }
    return Status::OK();
  }));
  if (type < 1 || type > 18 || read.name.empty()) {
    return corrupt(fmt::format("a field of '{}' has no type", message.name));
  }
  read.type = static_cast<FieldType>(type);
  const bool is_proto3 = file_.syntax == Syntax::kProto3;
  read.is_repeated = label == 3;
  read.is_required = label == 2;
  read.has_presence =
      !read.is_repeated && (!is_proto3 || read.type == FieldType::kMessage ||
                            read.oneof.has_value() || is_proto3_optional);
  read.is_packed =
      read.is_repeated && can_be_packed(read.type) && packed.value_or(is_proto3);
  if (is_proto3_optional) read.oneof.reset();  // of one member
  message.fields.push_back(std::move(read));
  if (!type_name.empty()) {
    type_names_.push_back({&message, message.fields.size() - 1, std::move(type_name)});
  }
  return Status::OK();
}

Status DescriptorReader::read_enum(std::string_view bytes, const std::string& scope) {
  auto read = std::make_unique<EnumDescriptor>();
  read->is_closed = file_.syntax == Syntax::kProto2;
  ARROW_RETURN_NOT_OK(for_each_field(bytes, [&](const WireField& field) -> Status {
    if (field.number == 1) read->name = joined(scope, field.bytes);
    if (field.number != 2) return Status::OK();
    std::string name;
    int32_t number = 0;
    ARROW_RETURN_NOT_OK(for_each_field(field.bytes, [&](const WireField& value) {
      if (value.number == 1) name = value.bytes;
      if (value.number == 2) number = static_cast<int32_t>(value.value);
      return Status::OK();
    }));
    if (read->names.empty()) read->first = number;
    read->names.emplace(number, name);
    read->numbers.emplace(std::move(name), number);
    return Status::OK();
  }));
  const std::string name = read->name;
  set_.enums_.emplace(name, std::move(read));
  return Status::OK();
}

Status DescriptorReader::resolve(FieldDescriptor& field, const std::string& type_name,
                                 const std::string& message) const {
  // protoc writes the whole name, behind a point.
  const std::string_view name =
      std::string_view(type_name).substr(type_name.starts_with('.') ? 1 : 0);
  if (field.type == FieldType::kMessage) {
    const auto found = set_.messages_.find(name);
    if (found != set_.messages_.end()) field.message = found->second.get();
  } else if (field.type == FieldType::kEnum) {
    const auto found = set_.enums_.find(name);
    if (found != set_.enums_.end()) field.enumeration = found->second.get();
  } else {
    return Status::OK();
  }
  if (field.message || field.enumeration) return Status::OK();
  return make_error(ErrorKind::kInvalidArgument, {},
                    fmt::format("field '{}' of message '{}' is a {}, which is not in the "
                                "descriptor file; make it with protoc --include_imports",
                                field.name, message, name));
}

Result<DescriptorSet> DescriptorReader::finish() {
  for (const TypeName& type : type_names_) {
    ARROW_RETURN_NOT_OK(
        resolve(type.message->fields[type.field], type.name, type.message->name));
  }
  for (const auto& [name, enumeration] : set_.enums_) {
    ARROW_RETURN_NOT_OK(check_names(*enumeration));
  }
  for (const auto& [name, message] : set_.messages_) {
    ARROW_RETURN_NOT_OK(check_fields(*message));
    for (const FieldDescriptor& field : message->fields) {
      const bool needs_type =
          field.type == FieldType::kMessage || field.type == FieldType::kEnum;
      if (needs_type && !field.message && !field.enumeration) {
        return corrupt(fmt::format("field '{}' of '{}' has no type", field.name, name));
      }
      const bool is_empty_enum = field.enumeration && field.enumeration->names.empty();
      if (is_empty_enum) return corrupt("an enum has no values");
    }
  }
  return std::move(set_);
}

Result<DescriptorSet> DescriptorSet::parse(std::string_view bytes) {
  DescriptorReader reader;
  ARROW_RETURN_NOT_OK(for_each_field(bytes, [&](const WireField& field) {
    const bool is_file = field.number == 1 && field.type == WireType::kBytes;
    return is_file ? reader.read_file(field.bytes) : corrupt("unknown field");
  }));
  return reader.finish();
}

Result<const MessageDescriptor*> DescriptorSet::find(std::string_view name) const {
  const auto found = messages_.find(name);
  if (found != messages_.end()) return found->second.get();
  std::vector<std::string_view> names;
  for (const auto& [known, message] : messages_) {
    if (!message->is_map_entry) names.push_back(known);
  }
  constexpr size_t kMostNames = 20;
  const bool has_more = names.size() > kMostNames;
  if (has_more) names.resize(kMostNames);
  return make_error(ErrorKind::kNotFound, {},
                    fmt::format("there is no message '{}'; message= names one of {}{}",
                                name, fmt::join(names, ", "), has_more ? ", …" : ""));
}

Result<MessageType> MessageType::make(DescriptorSet set, std::string_view name) {
  auto shared = std::make_shared<const DescriptorSet>(std::move(set));
  ARROW_ASSIGN_OR_RAISE(const MessageDescriptor* message, shared->find(name));
  return MessageType(std::move(shared), message);
}

}  // namespace velo::formats::protobuf
