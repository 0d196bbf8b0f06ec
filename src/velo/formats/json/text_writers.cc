// Writers of what JSON says as a string: text and bytes.

#include <arrow/util/base64.h>

#include "velo/formats/json/quoted_text.h"
#include "velo/formats/json/value_writer.h"

namespace velo::formats::json {
namespace {

template <typename Array>
class TextWriter : public ValueWriter {
  Status write(int64_t row, TextBuffer& out) override {
    return put_quoted(array<Array>().GetView(row), out);
  }
};

template <typename Array>
class BinaryWriter : public ValueWriter {
  Status write(int64_t row, TextBuffer& out) override {
    const std::string_view bytes(array<Array>().GetView(row));
    out.put('"');
    out.put(arrow::util::base64_encode(bytes));
    out.put('"');
    return Status::OK();
  }
};

}  // namespace

std::unique_ptr<ValueWriter> make_text_writer(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRING:
      return std::make_unique<TextWriter<arrow::StringArray>>();
    case arrow::Type::LARGE_STRING:
      return std::make_unique<TextWriter<arrow::LargeStringArray>>();
    case arrow::Type::STRING_VIEW:
      return std::make_unique<TextWriter<arrow::StringViewArray>>();
    case arrow::Type::BINARY:
      return std::make_unique<BinaryWriter<arrow::BinaryArray>>();
    case arrow::Type::LARGE_BINARY:
      return std::make_unique<BinaryWriter<arrow::LargeBinaryArray>>();
    case arrow::Type::BINARY_VIEW:
      return std::make_unique<BinaryWriter<arrow::BinaryViewArray>>();
    case arrow::Type::FIXED_SIZE_BINARY:
      return std::make_unique<BinaryWriter<arrow::FixedSizeBinaryArray>>();
    default:
      return nullptr;
  }
}

}  // namespace velo::formats::json
