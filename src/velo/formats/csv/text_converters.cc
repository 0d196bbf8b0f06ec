// Columns of text and of bytes, of booleans, and of nothing.

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/util/utf8.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "velo/formats/csv/converters.h"
#include "velo/formats/csv/fixed_width_converter.h"

namespace velo::formats {
namespace {

bool begins_inside_character(std::string_view text) {
  return !text.empty() && (static_cast<unsigned char>(text.front()) & 0xC0) == 0x80;
}

class TextConverter : public ColumnConverter {
 public:
  TextConverter(std::shared_ptr<arrow::DataType> type, const CsvNotation& notation)
      : type_(std::move(type)),
        nulls_(notation, /*of_text=*/true),
        is_utf8_(type_->id() == arrow::Type::STRING) {}

  Result<std::shared_ptr<arrow::Array>> convert(
      CsvColumn values, std::vector<int64_t>& misfits) const override {
    const int64_t num_rows = values.num_rows();
    size_t num_bytes = 0;
    for (int64_t row = 0; row < num_rows; ++row) num_bytes += values.value(row).size();
    ARROW_ASSIGN_OR_RAISE(
        std::shared_ptr<arrow::Buffer> offsets,
        arrow::AllocateBuffer((num_rows + 1) * static_cast<int64_t>(sizeof(int32_t))));
    ARROW_ASSIGN_OR_RAISE(
        std::unique_ptr<arrow::ResizableBuffer> data,
        arrow::AllocateResizableBuffer(static_cast<int64_t>(num_bytes)));
    auto* ends = reinterpret_cast<int32_t*>(offsets->mutable_data());
    *ends++ = 0;
    auto* const begin = reinterpret_cast<char*>(data->mutable_data());
    char* out = begin;
    NullBitmap nulls(num_rows);
    bool is_cut = false;
    for (int64_t row = 0; row < num_rows; ++row) {
      const RawValue& value = values.value(row);
      if (nulls_.is_null(values, value)) {
        ARROW_RETURN_NOT_OK(nulls.set_null(row));
      } else {
        const std::string_view text = values.text(value);
        is_cut |= begins_inside_character(text);
        std::memcpy(out, text.data(), text.size());
        out += text.size();
      }
      *ends++ = static_cast<int32_t>(out - begin);
    }
    const std::string_view all(begin, static_cast<size_t>(out - begin));
    // One look at all values, of which each begins a character, spares looking at each.
    if (is_utf8_ && (is_cut || !arrow::util::ValidateUTF8(all))) {
      find_misfits(values, misfits);
    }
    if (all.size() < num_bytes) {
      ARROW_RETURN_NOT_OK(data->Resize(static_cast<int64_t>(all.size())));
    }
    const int64_t num_nulls = nulls.num_nulls();
    return arrow::MakeArray(
        arrow::ArrayData::Make(type_, num_rows,
                               {nulls.take(), std::move(offsets),
                                std::shared_ptr<arrow::Buffer>(std::move(data))},
                               num_nulls));
  }

 private:
  void find_misfits(CsvColumn& values, std::vector<int64_t>& misfits) const {
    for (int64_t row = 0; row < values.num_rows(); ++row) {
      const RawValue& value = values.value(row);
      if (nulls_.is_null(values, value)) continue;
      if (!arrow::util::ValidateUTF8(values.text(value))) misfits.push_back(row);
    }
  }

  const std::shared_ptr<arrow::DataType> type_;
  const NullValues nulls_;
  const bool is_utf8_;
};

class BooleanConverter : public ColumnConverter {
 public:
  explicit BooleanConverter(const CsvNotation& notation)
      : nulls_(notation, /*of_text=*/false),
        true_values_(notation.true_values),
        false_values_(notation.false_values) {}

  Result<std::shared_ptr<arrow::Array>> convert(
      CsvColumn values, std::vector<int64_t>& misfits) const override {
    const int64_t num_rows = values.num_rows();
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bits,
                          arrow::AllocateEmptyBitmap(num_rows));
    NullBitmap nulls(num_rows);
    for (int64_t row = 0; row < num_rows; ++row) {
      const RawValue& value = values.value(row);
      if (nulls_.is_null(values, value)) {
        ARROW_RETURN_NOT_OK(nulls.set_null(row));
        continue;
      }
      const std::string_view text = values.text(value);
      if (is_in(true_values_, text)) {
        arrow::bit_util::SetBit(bits->mutable_data(), row);
      } else if (!is_in(false_values_, text)) {
        misfits.push_back(row);
      }
    }
    const int64_t num_nulls = nulls.num_nulls();
    return std::make_shared<arrow::BooleanArray>(num_rows, std::move(bits), nulls.take(),
                                                 num_nulls);
  }

 private:
  static bool is_in(const std::vector<std::string>& texts, std::string_view text) {
    return std::ranges::find(texts, text) != texts.end();
  }

  const NullValues nulls_;
  const std::vector<std::string> true_values_;
  const std::vector<std::string> false_values_;
};

class NothingConverter : public ColumnConverter {
 public:
  explicit NothingConverter(const CsvNotation& notation)
      : nulls_(notation, /*of_text=*/false) {}

  Result<std::shared_ptr<arrow::Array>> convert(
      CsvColumn values, std::vector<int64_t>& misfits) const override {
    for (int64_t row = 0; row < values.num_rows(); ++row) {
      if (!nulls_.is_null(values, values.value(row))) misfits.push_back(row);
    }
    return std::make_shared<arrow::NullArray>(values.num_rows());
  }

 private:
  const NullValues nulls_;
};

}  // namespace

std::unique_ptr<ColumnConverter> make_text_converter(
    const std::shared_ptr<arrow::DataType>& type, const CsvNotation& notation) {
  if (type->id() != arrow::Type::STRING && type->id() != arrow::Type::BINARY) {
    return nullptr;
  }
  arrow::util::InitializeUTF8();
  return std::make_unique<TextConverter>(type, notation);
}

std::unique_ptr<ColumnConverter> make_word_converter(
    const std::shared_ptr<arrow::DataType>& type, const CsvNotation& notation) {
  if (type->id() == arrow::Type::BOOL) {
    return std::make_unique<BooleanConverter>(notation);
  }
  if (type->id() == arrow::Type::NA) return std::make_unique<NothingConverter>(notation);
  return nullptr;
}

}  // namespace velo::formats
