#pragma once

/// How one column of a generated table is made: one tight loop over a range of rows that
/// writes straight into Arrow's buffers.

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "velo/error.h"

namespace velo::generate {

using ArrayResult = Result<std::shared_ptr<arrow::Array>>;

/// The rows from `first` on, counted from 0.
struct RowRange {
  int64_t first = 0;
  int64_t num_rows = 0;
};

/// One column: what it is called and how a range of it is made. `make` is thread-safe.
struct Column {
  std::shared_ptr<arrow::Field> field;
  ArrayResult (*make)(uint64_t seed, RowRange rows);
};

/// Allocate `num_bytes` of values of type T and let `fill(T*)` write them.
template <typename T, typename Fill>
ArrayResult make_values(const std::shared_ptr<arrow::DataType>& type, int64_t num_rows,
                        Fill fill) {
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> values,
      arrow::AllocateBuffer(num_rows * static_cast<int64_t>(sizeof(T))));
  fill(reinterpret_cast<T*>(values->mutable_data()));
  return arrow::MakeArray(
      arrow::ArrayData::Make(type, num_rows, {nullptr, std::move(values)}, 0));
}

/// One value of type T a row: `value_of(row)`.
template <typename T, typename ValueOf>
ArrayResult make_numbers(const std::shared_ptr<arrow::DataType>& type, RowRange rows,
                         ValueOf value_of) {
  return make_values<T>(type, rows.num_rows, [&](T* out) {
    for (int64_t i = 0; i < rows.num_rows; ++i) out[i] = value_of(rows.first + i);
  });
}

/// The memory of a decimal128 that is not negative, on a little-endian machine.
struct Decimal {
  uint64_t low;
  uint64_t high;
};

/// One decimal a row: `cents_of(row)`, its unscaled value, which is not negative.
template <typename CentsOf>
ArrayResult make_decimals(const std::shared_ptr<arrow::DataType>& type, RowRange rows,
                          CentsOf cents_of) {
  return make_numbers<Decimal>(type, rows, [&](int64_t row) {
    return Decimal{static_cast<uint64_t>(cents_of(row)), 0};
  });
}

/// One text a row: `write(row, char* out)` writes up to `max_bytes` there and answers how
/// many of them are the text. num_rows * max_bytes must be less than 2^31.
template <typename Write>
ArrayResult make_texts(RowRange rows, int64_t max_bytes, Write write) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> offsets,
                        arrow::AllocateBuffer((rows.num_rows + 1) * 4));
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::ResizableBuffer> bytes,
                        arrow::AllocateResizableBuffer(rows.num_rows * max_bytes));
  auto* offset = reinterpret_cast<int32_t*>(offsets->mutable_data());
  char* const begin = reinterpret_cast<char*>(bytes->mutable_data());
  char* end = begin;
  for (int64_t i = 0; i < rows.num_rows; ++i) {
    offset[i] = static_cast<int32_t>(end - begin);
    end += write(rows.first + i, end);
  }
  offset[rows.num_rows] = static_cast<int32_t>(end - begin);
  ARROW_RETURN_NOT_OK(bytes->Resize(end - begin, /*shrink_to_fit=*/false));
  return std::make_shared<arrow::StringArray>(rows.num_rows, std::move(offsets),
                                              std::move(bytes));
}

/// One bit a row, in the layout of Arrow's booleans and validity: `bit_of(row)`.
template <typename BitOf>
Result<std::shared_ptr<arrow::Buffer>> make_bits(RowRange rows, BitOf bit_of) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bits,
                        arrow::AllocateBuffer((rows.num_rows + 7) / 8));
  uint8_t* const out = bits->mutable_data();
  for (int64_t i = 0; i < rows.num_rows; i += 8) {
    unsigned byte = 0;
    for (int64_t j = i; j < std::min(i + 8, rows.num_rows); ++j) {
      byte |= static_cast<unsigned>(bit_of(rows.first + j)) << (j - i);
    }
    out[i / 8] = static_cast<uint8_t>(byte);
  }
  return bits;
}

}  // namespace velo::generate
