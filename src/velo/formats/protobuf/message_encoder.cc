#include "velo/formats/protobuf/message_encoder.h"

#include <arrow/array/array_nested.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace velo::formats::protobuf {
namespace {

Status annotated(Status status, const std::string& field) {
  return annotate(std::move(status), fmt::format("field '{}'", field));
}

}  // namespace

Result<std::unique_ptr<MessageEncoder>> MessageEncoder::make(
    const MessageDescriptor& message, const arrow::FieldVector& columns) {
  std::unique_ptr<MessageEncoder> made(new MessageEncoder());
  for (const auto& column : columns) {
    const auto field =
        std::ranges::find(message.fields, column->name(), &FieldDescriptor::name);
    if (field == message.fields.end()) {
      return make_error(
          ErrorKind::kSchemaMismatch, {},
          fmt::format("message '{}' has no field '{}'", message.name, column->name()));
    }
    auto encoder = make_field_encoder(*field, column->type());
    if (!encoder.ok()) return annotated(encoder.status(), column->name());
    made->fields_.push_back(*std::move(encoder));
  }
  made->oneofs_.resize(static_cast<size_t>(message.num_oneofs));
  for (const FieldDescriptor& field : message.fields) {
    const bool is_there = std::ranges::any_of(
        columns, [&](const auto& column) { return column->name() == field.name; });
    if (!field.is_required || is_there) continue;
    return make_error(ErrorKind::kSchemaMismatch, {},
                      fmt::format("message '{}' requires the field '{}', and there is no "
                                  "column of that name",
                                  message.name, field.name));
  }
  return made;
}

Status MessageEncoder::bind(const std::shared_ptr<arrow::Array>& structs) {
  return bind(static_cast<const arrow::StructArray&>(*structs).fields());
}

Status MessageEncoder::bind(const arrow::ArrayVector& columns) {
  for (size_t i = 0; i < fields_.size(); ++i) {
    const Status bound = fields_[i]->bind(columns[i]);
    if (!bound.ok()) return annotated(bound, fields_[i]->name());
  }
  return Status::OK();
}

Status MessageEncoder::write(int64_t row, std::string& out) {
  message_.clear();
  std::ranges::fill(oneofs_, nullptr);
  for (const auto& field : fields_) {
    const size_t begin = message_.size();
    const Status written = field->write(row, message_);
    if (!written.ok()) return annotated(written, field->name());
    if (!field->oneof() || message_.size() == begin) continue;
    const FieldEncoder*& other = oneofs_[static_cast<size_t>(*field->oneof())];
    if (other) {
      return make_error(ErrorKind::kSchemaMismatch, {},
                        fmt::format("fields '{}' and '{}' are of one oneof: one of them "
                                    "has to be NULL",
                                    other->name(), field->name()));
    }
    other = field.get();
  }
  append_varint(message_.size(), out);
  out += message_;
  return Status::OK();
}

}  // namespace velo::formats::protobuf
