#pragma once

/// Columns whose values have all the same size: a parser for one value, put in a loop.

#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/util/bit_util.h>

#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "velo/formats/csv/converter.h"

namespace velo::formats {

/// Which values are NULL.
class NullValues {
 public:
  /// `of_text`: text may be empty, so that nothing at all need not be NULL.
  NullValues(const CsvNotation& notation, bool of_text);

  bool is_null(const CsvColumn& column, const RawValue& value) const {
    if (value.is_nothing()) return empty_is_null_ || value.is_missing();
    return !texts_.empty() && !value.is_quoted() && is_listed(column.raw(value));
  }

 private:
  bool is_listed(std::string_view text) const;

  bool empty_is_null_;
  std::vector<std::string> texts_;  // that stand for NULL, and are not empty
};

/// The bitmap of a column of which nothing, or not much, is NULL.
class NullBitmap {
 public:
  explicit NullBitmap(int64_t num_rows) : num_rows_(num_rows) {}

  Status set_null(int64_t row) {
    if (!bits_) ARROW_RETURN_NOT_OK(allocate());
    arrow::bit_util::ClearBit(bits_->mutable_data(), row);
    ++num_nulls_;
    return Status::OK();
  }
  int64_t num_nulls() const { return num_nulls_; }
  /// nullptr where nothing is NULL.
  std::shared_ptr<arrow::Buffer> take() { return std::move(bits_); }

 private:
  Status allocate() {
    ARROW_ASSIGN_OR_RAISE(bits_, arrow::AllocateBuffer((num_rows_ + 7) / 8));
    std::memset(bits_->mutable_data(), 0xFF, static_cast<size_t>(bits_->size()));
    return Status::OK();
  }

  const int64_t num_rows_;
  int64_t num_nulls_ = 0;
  std::shared_ptr<arrow::Buffer> bits_;
};

inline bool is_blank(char c) { return c == ' ' || c == '\t'; }

inline std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// `Parser` has a `Value`, trivially copied, as Arrow keeps it, and
/// `bool operator()(std::string_view text, Value& value) const`.
template <typename Parser>
class FixedWidthConverter : public ColumnConverter {
 public:
  FixedWidthConverter(std::shared_ptr<arrow::DataType> type, const CsvNotation& notation,
                      Parser parser)
      : type_(std::move(type)),
        nulls_(notation, /*of_text=*/false),
        parser_(std::move(parser)) {}

  Result<std::shared_ptr<arrow::Array>> convert(
      CsvColumn values, std::vector<int64_t>& misfits) const override {
    using Value = typename Parser::Value;
    const int64_t num_rows = values.num_rows();
    ARROW_ASSIGN_OR_RAISE(
        std::shared_ptr<arrow::Buffer> data,
        arrow::AllocateBuffer(num_rows * static_cast<int64_t>(sizeof(Value))));
    auto* out = reinterpret_cast<Value*>(data->mutable_data());
    NullBitmap nulls(num_rows);
    for (int64_t row = 0; row < num_rows; ++row) {
      const RawValue& value = values.value(row);
      if (nulls_.is_null(values, value)) {
        out[row] = Value();
        ARROW_RETURN_NOT_OK(nulls.set_null(row));
      } else if (!parser_(without_blanks(values.text(value)), out[row])) {
        misfits.push_back(row);
      }
    }
    const int64_t num_nulls = nulls.num_nulls();
    return arrow::MakeArray(arrow::ArrayData::Make(
        type_, num_rows, {nulls.take(), std::move(data)}, num_nulls));
  }

 private:
  const std::shared_ptr<arrow::DataType> type_;
  const NullValues nulls_;
  const Parser parser_;
};

template <typename Parser>
std::unique_ptr<ColumnConverter> make_fixed_width_converter(
    const std::shared_ptr<arrow::DataType>& type, const CsvNotation& notation,
    Parser parser) {
  return std::make_unique<FixedWidthConverter<Parser>>(type, notation, std::move(parser));
}

}  // namespace velo::formats
