#pragma once

/// Messages, appended to a struct.

#include <arrow/array/builder_nested.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "velo/formats/protobuf/field_appender.h"
#include "velo/formats/protobuf/value_appender.h"

namespace velo::formats::protobuf {

/// Appends messages of one type. What a message has twice is as Protobuf has it: of
/// values the last, messages are put together. Threads: thread-compatible.
class MessageAppender : public ValueAppender {
 public:
  /// The builder is a struct's, of the fields that schema_of() tells, or of some of them
  /// (by name): the others are stepped over. Errors: kCorruptData.
  static Result<std::unique_ptr<MessageAppender>> make(const MessageDescriptor& message,
                                                       arrow::ArrayBuilder* builder);

  WireType wire() const override { return WireType::kBytes; }
  bool append(const WireField& value, DecodeRun& run) override;

 private:
  explicit MessageAppender(arrow::StructBuilder* builder) : builder_(builder) {}

  // Where the field of a number is.
  struct Place {
    uint32_t number;
    int32_t field;  // of fields_; -1: not wanted
    std::optional<int32_t> oneof;
  };
  const Place* find(uint32_t number);
  void begin_member(const Place& place);
  bool take_fields(std::string_view message, DecodeRun& run);

  arrow::StructBuilder* const builder_;
  std::vector<std::unique_ptr<FieldAppender>> fields_;
  std::vector<Place> places_;    // by number
  size_t next_ = 0;              // the place that is likely to come next
  std::vector<int32_t> oneofs_;  // of each the field that is there, or -1
};

}  // namespace velo::formats::protobuf
