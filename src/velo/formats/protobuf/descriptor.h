#pragma once

/// What a descriptor file says of messages: `protoc --include_imports -o shop.desc
/// shop.proto`.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "velo/error.h"

namespace velo::formats::protobuf {

/// Values are those of FieldDescriptorProto.Type.
enum class FieldType : uint8_t {
  kDouble = 1,
  kFloat,
  kInt64,
  kUint64,
  kInt32,
  kFixed64,
  kFixed32,
  kBool,
  kString,
  kGroup,
  kMessage,
  kBytes,
  kUint32,
  kEnum,
  kSfixed32,
  kSfixed64,
  kSint32,
  kSint64
};

struct EnumDescriptor {
  std::string name;        ///< with its package: "shop.Color"
  bool is_closed = false;  ///< proto2: a number that it does not name is an unknown field
  int32_t first = 0;       ///< of the value that is declared first
  /// By number, the first name of each; and all names.
  std::map<int32_t, std::string> names;
  std::map<std::string, int32_t, std::less<>> numbers;
};

struct MessageDescriptor;

struct FieldDescriptor {
  std::string name;
  uint32_t number = 0;
  FieldType type = FieldType::kInt32;
  bool is_repeated = false;
  bool is_required = false;   ///< proto2
  bool has_presence = false;  ///< whether one that is not there differs from its default
  bool is_packed = false;     ///< as it is written; both ways are read
  std::optional<std::string> default_value;  ///< proto2, as it is written in a descriptor
  std::optional<int32_t> oneof;              ///< the number of its oneof in the message
  const MessageDescriptor* message = nullptr;   ///< of kMessage
  const EnumDescriptor* enumeration = nullptr;  ///< of kEnum
};

struct MessageDescriptor {
  std::string name;                     ///< with its package: "shop.Order.Item"
  std::vector<FieldDescriptor> fields;  ///< as they are declared
  bool is_map_entry = false;
  int32_t num_oneofs = 0;
};

/// All messages of a descriptor file. Immutable, but for moves. Threads: safe.
class DescriptorSet {
 public:
  /// Read a FileDescriptorSet, with all files that it imports.
  /// Errors: kCorruptData; kNotImplemented for an edition;
  /// kInvalidArgument for a type that is not there, naming it.
  static Result<DescriptorSet> parse(std::string_view bytes);

  /// The message of this name, with its package. Errors: kNotFound, naming those that
  /// there are.
  Result<const MessageDescriptor*> find(std::string_view name) const;

 private:
  friend class DescriptorReader;

  std::map<std::string, std::unique_ptr<MessageDescriptor>, std::less<>> messages_;
  std::map<std::string, std::unique_ptr<EnumDescriptor>, std::less<>> enums_;
};

/// One message of a set, which it keeps. Threads: safe.
class MessageType {
 public:
  /// Errors: as DescriptorSet::find.
  static Result<MessageType> make(DescriptorSet set, std::string_view name);

  const MessageDescriptor& message() const { return *message_; }

 private:
  MessageType(std::shared_ptr<const DescriptorSet> set, const MessageDescriptor* message)
      : set_(std::move(set)), message_(message) {}

  std::shared_ptr<const DescriptorSet> set_;
  const MessageDescriptor* message_;
};

}  // namespace velo::formats::protobuf
