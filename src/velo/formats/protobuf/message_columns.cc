#include "velo/formats/protobuf/message_columns.h"

#include <arrow/array/array_nested.h>
#include <arrow/builder.h>

#include <utility>

namespace velo::formats::protobuf {

Result<std::unique_ptr<MessageColumns>> MessageColumns::make(
    const MessageDescriptor& message, const arrow::FieldVector& columns) {
  std::unique_ptr<MessageColumns> made(new MessageColumns());
  ARROW_RETURN_NOT_OK(arrow::MakeBuilder(arrow::default_memory_pool(),
                                         arrow::struct_(columns), &made->builder_));
  ARROW_ASSIGN_OR_RAISE(made->appender_,
                        MessageAppender::make(message, made->builder_.get()));
  return made;
}

bool MessageColumns::append(std::string_view message) {
  const WireField whole{
      .number = 1, .type = WireType::kBytes, .value = 0, .bytes = message};
  return appender_->append(whole, run_);
}

Result<arrow::ArrayVector> MessageColumns::finish() {
  std::shared_ptr<arrow::Array> rows;
  ARROW_RETURN_NOT_OK(builder_->Finish(&rows));
  return static_cast<const arrow::StructArray&>(*rows).fields();
}

}  // namespace velo::formats::protobuf
