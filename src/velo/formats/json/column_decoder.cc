#include "velo/formats/json/column_decoder.h"

#include <fmt/format.h>

#include <utility>

namespace velo::formats::json {
namespace {

class NullColumn : public ColumnDecoder {
 public:
  using ColumnDecoder::ColumnDecoder;

  bool decode(Cursor& cursor) override {
    if (cursor.peek() != 'n') return cursor.fail_type(*type_);
    return cursor.take_null() && append_null(cursor);
  }

  bool append_null(Cursor&) override {
    ++num_rows_;
    return true;
  }

  Result<std::shared_ptr<arrow::ArrayData>> finish() override {
    const int64_t num_rows = std::exchange(num_rows_, 0);
    return arrow::ArrayData::Make(type_, num_rows, {nullptr}, num_rows);
  }
};

}  // namespace

Result<std::unique_ptr<ColumnDecoder>> make_column(
    const std::shared_ptr<arrow::DataType>& type, const ColumnRules& rules) {
  if (type->id() == arrow::Type::NA) {
    return std::unique_ptr<ColumnDecoder>(std::make_unique<NullColumn>(type));
  }
  if (rules.epoch && type->id() == arrow::Type::TIMESTAMP) {
    return make_epoch_column(type, *rules.epoch);
  }
  if (auto column = make_number_column(type, rules)) return column;
  for (const auto make : {make_decimal_column, make_text_column, make_binary_column}) {
    if (auto column = make(type)) return column;
  }
  ARROW_ASSIGN_OR_RAISE(auto column, make_nested_column(type, rules));
  if (column != nullptr) return column;
  return make_error(ErrorKind::kSchemaMismatch, {},
                    fmt::format("JSON cannot be read as {}", type->ToString()));
}

std::unique_ptr<ColumnDecoder> make_connect_column(
    const std::shared_ptr<arrow::DataType>& type, std::shared_ptr<const bool> is_bytes) {
  if (auto column = make_connect_time_column(type)) return column;
  return make_connect_decimal_column(type, std::move(is_bytes));
}

}  // namespace velo::formats::json
