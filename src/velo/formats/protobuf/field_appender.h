#pragma once

/// One field of a message, through the message and behind it.

#include <arrow/array/builder_base.h>

#include <memory>
#include <string>

#include "velo/formats/protobuf/value_appender.h"

namespace velo::formats::protobuf {

/// Threads: thread-compatible.
class FieldAppender {
 public:
  explicit FieldAppender(std::string name) : name_(std::move(name)) {}
  virtual ~FieldAppender() = default;

  const std::string& name() const { return name_; }

  /// Whether a field of its number is a value of it, and not an unknown field.
  virtual bool is_value(const WireField&) const { return true; }

  /// Take a value of the field in the message at hand, which stays until finish_row().
  /// What is within it and no value of it is counted as unknown.
  virtual bool take(const WireField& value, DecodeRun& run) = 0;

  /// Forget what was taken: another member of the oneof has come.
  virtual void forget() = 0;

  /// The message has ended: append what was taken, or what stands for nothing.
  virtual bool finish_row(DecodeRun& run) = 0;

 private:
  const std::string name_;
};

/// Make the one of a field, with the builder of its column. Errors: kCorruptData.
Result<std::unique_ptr<FieldAppender>> make_field_appender(const FieldDescriptor& field,
                                                           arrow::ArrayBuilder* builder);

}  // namespace velo::formats::protobuf
