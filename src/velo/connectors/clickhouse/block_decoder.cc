#include <arrow/array.h>
#include <arrow/buffer_builder.h>
#include <arrow/builder.h>
#include <arrow/util/bit_util.h>
#include <fmt/format.h>

#include <cstring>
#include <limits>
#include <utility>

#include "velo/base/utf8.h"
#include "velo/connectors/clickhouse/native_block.h"

namespace velo::clickhouse {
namespace {

constexpr size_t kMaxNameBytes = 4096;
constexpr size_t kKeptBytes = 65'536;
constexpr uint64_t kMaxColumns = 100'000;
constexpr uint64_t kMaxRows = uint64_t{1} << 24;
constexpr uint64_t kMaxTextBytes = uint64_t{1} << 30;

using Buffer = std::shared_ptr<arrow::Buffer>;

template <typename Wire>
Wire wire_value(std::string_view bytes, int64_t row) {
  Wire value;
  std::memcpy(&value, bytes.data() + static_cast<size_t>(row) * sizeof(Wire),
              sizeof(Wire));
  return value;
}

// Values of one width as those of another, each multiplied.
template <typename Wire, typename Value>
Result<Buffer> converted(std::string_view bytes, int64_t num_rows, int64_t factor = 1) {
  arrow::TypedBufferBuilder<Value> values;
  ARROW_RETURN_NOT_OK(values.Reserve(num_rows));
  for (int64_t row = 0; row < num_rows; ++row) {
    values.UnsafeAppend(
        static_cast<Value>(wire_value<Wire>(bytes, row) * static_cast<Value>(factor)));
  }
  return values.Finish();
}

template <typename Wire>
Result<Buffer> widened_decimals(std::string_view bytes, int64_t num_rows) {
  arrow::TypedBufferBuilder<int64_t> halves;
  ARROW_RETURN_NOT_OK(halves.Reserve(2 * num_rows));
  for (int64_t row = 0; row < num_rows; ++row) {
    const int64_t low = wire_value<Wire>(bytes, row);
    halves.UnsafeAppend(low);
    halves.UnsafeAppend(low < 0 ? -1 : 0);
  }
  return halves.Finish();
}

Result<Buffer> bits_of(std::string_view bytes) {
  arrow::TypedBufferBuilder<bool> bits;
  ARROW_RETURN_NOT_OK(bits.Reserve(static_cast<int64_t>(bytes.size())));
  for (const char byte : bytes) bits.UnsafeAppend(byte != 0);
  return bits.Finish();
}

// Ticks of a scale to those of the next unit: 10^-4 to microseconds.
int64_t factor_of(const ColumnType& type) {
  return power_of_ten(digits_of(unit_of(type.scale)) - type.scale);
}

// The row of the first value that times `factor` would be beyond 64 bits, or -1.
int64_t first_too_large(std::string_view bytes, int64_t num_rows, int64_t factor,
                        const Buffer& valid) {
  const int64_t limit = std::numeric_limits<int64_t>::max() / factor;
  for (int64_t row = 0; row < num_rows; ++row) {
    if (valid && !arrow::bit_util::GetBit(valid->data(), row)) continue;
    const auto value = wire_value<int64_t>(bytes, row);
    if (value > limit || value < -limit) return row;
  }
  return -1;
}

Result<Buffer> values_of(const ColumnType& type, std::string_view bytes,
                         int64_t num_rows) {
  switch (type.kind) {
    case TypeKind::kBool:
      return bits_of(bytes);
    case TypeKind::kDate:
      return converted<uint16_t, int32_t>(bytes, num_rows);
    case TypeKind::kDateTime:
      return converted<uint32_t, int64_t>(bytes, num_rows);
    case TypeKind::kDateTime64:
      return converted<uint64_t, uint64_t>(bytes, num_rows, factor_of(type));
    case TypeKind::kDecimal:
      if (type.width == 4) return widened_decimals<int32_t>(bytes, num_rows);
      if (type.width == 8) return widened_decimals<int64_t>(bytes, num_rows);
      break;
    default:
      break;
  }
  return arrow::Buffer::FromString(std::string(bytes));
}

}  // namespace

Status BlockDecoder::corrupt(std::string message) const {
  return make_error(
      ErrorKind::kCorruptData,
      {.connector = "clickhouse",
       .position = column_.empty()
                       ? fmt::format("after row {}", rows_before_)
                       : fmt::format("column '{}' after row {}", column_, rows_before_)},
      std::move(message));
}

Status BlockDecoder::fill(size_t num_bytes) {
  while (buffer_.size() - begin_ < num_bytes) {
    ARROW_ASSIGN_OR_RAISE(const std::string_view more, input_.next());
    if (more.empty()) return corrupt("the rows end in the middle of a block");
    // Some of what is decoded is kept, see last_bytes().
    if (begin_ > kKeptBytes && begin_ - kKeptBytes >= buffer_.size() / 2) {
      buffer_.erase(0, begin_ - kKeptBytes);
      begin_ = kKeptBytes;
    }
    buffer_ += more;
  }
  return Status::OK();
}

Result<std::string_view> BlockDecoder::take(size_t num_bytes) {
  ARROW_RETURN_NOT_OK(fill(num_bytes));
  const auto bytes = std::string_view(buffer_).substr(begin_, num_bytes);
  begin_ += num_bytes;
  return bytes;
}

Result<bool> BlockDecoder::at_end() {
  if (begin_ < buffer_.size()) return false;
  ARROW_ASSIGN_OR_RAISE(const std::string_view more, input_.next());
  buffer_ = more;
  begin_ = 0;
  return more.empty();
}

Result<uint64_t> BlockDecoder::read_varint() {
  uint64_t number = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    ARROW_ASSIGN_OR_RAISE(const std::string_view byte, take(1));
    const auto bits = static_cast<unsigned char>(byte[0]);
    number |= static_cast<uint64_t>(bits & 0x7F) << shift;
    if (bits < 0x80) return number;
  }
  return corrupt("a number has too many bytes");
}

Result<std::string> BlockDecoder::read_text(size_t max_bytes) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t size, read_varint());
  if (size > max_bytes) return corrupt(fmt::format("a name of {} bytes", size));
  ARROW_ASSIGN_OR_RAISE(const std::string_view text, take(size));
  return std::string(text);
}

Result<std::shared_ptr<arrow::RecordBatch>> BlockDecoder::next() {
  while (true) {
    column_.clear();
    ARROW_ASSIGN_OR_RAISE(const bool ended, at_end());
    if (ended) return nullptr;
    ARROW_ASSIGN_OR_RAISE(const uint64_t num_columns, read_varint());
    ARROW_ASSIGN_OR_RAISE(const uint64_t num_rows, read_varint());
    if (num_columns > kMaxColumns || num_rows > kMaxRows) {
      return corrupt(
          fmt::format("a block of {} columns and {} rows", num_columns, num_rows));
    }
    arrow::FieldVector fields;
    arrow::ArrayVector arrays;
    for (uint64_t i = 0; i < num_columns; ++i) {
      ARROW_ASSIGN_OR_RAISE(column_, read_text(kMaxNameBytes));
      ARROW_ASSIGN_OR_RAISE(const std::string name, read_text(kMaxNameBytes));
      const auto type = parse_type(name);
      if (!type || type->low_cardinality) {
        return make_error(
            ErrorKind::kNotImplemented, {.connector = "clickhouse"},
            fmt::format("column '{}' of type {} cannot be read as it is", column_, name));
      }
      ARROW_ASSIGN_OR_RAISE(auto array,
                            read_column(*type, static_cast<int64_t>(num_rows)));
      fields.push_back(arrow::field(column_, array->type(), type->nullable));
      arrays.push_back(std::move(array));
    }
    rows_before_ += static_cast<int64_t>(num_rows);
    if (num_rows == 0) continue;
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)),
                                    static_cast<int64_t>(num_rows), std::move(arrays));
  }
}

Result<std::shared_ptr<arrow::Array>> BlockDecoder::read_column(const ColumnType& type,
                                                                int64_t num_rows) {
  auto arrow_type = arrow_type_of(type);
  if (num_rows == 0) return arrow::MakeEmptyArray(std::move(arrow_type));
  const auto count = static_cast<size_t>(num_rows);
  Buffer valid;
  int64_t num_nulls = 0;
  if (type.nullable) {
    ARROW_ASSIGN_OR_RAISE(const std::string_view nulls, take(count));
    arrow::TypedBufferBuilder<bool> bits;
    ARROW_RETURN_NOT_OK(bits.Reserve(num_rows));
    for (const char is_null : nulls) bits.UnsafeAppend(is_null == 0);
    num_nulls = bits.false_count();
    ARROW_ASSIGN_OR_RAISE(valid, bits.Finish());
  }
  if (type.kind == TypeKind::kString) {
    return read_strings(num_rows, std::move(valid), num_nulls);
  }
  ARROW_ASSIGN_OR_RAISE(const std::string_view bytes,
                        take(count * static_cast<size_t>(type.width)));
  if (type.kind == TypeKind::kDateTime64 && factor_of(type) > 1) {
    const int64_t row = first_too_large(bytes, num_rows, factor_of(type), valid);
    if (row >= 0)
      return corrupt(
          fmt::format("row {} of the block is beyond what Arrow "
                      "can hold",
                      row + 1));
  }
  ARROW_ASSIGN_OR_RAISE(auto values, values_of(type, bytes, num_rows));
  return arrow::MakeArray(arrow::ArrayData::Make(
      std::move(arrow_type), num_rows, {std::move(valid), std::move(values)}, num_nulls));
}

Result<std::shared_ptr<arrow::Array>> BlockDecoder::read_strings(int64_t num_rows,
                                                                 Buffer valid,
                                                                 int64_t num_nulls) {
  arrow::TypedBufferBuilder<int32_t> offsets;
  arrow::BufferBuilder bytes;
  ARROW_RETURN_NOT_OK(offsets.Append(0));
  for (int64_t row = 0; row < num_rows; ++row) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t size, read_varint());
    if (size > kMaxTextBytes ||
        static_cast<uint64_t>(bytes.length()) + size > kMaxTextBytes) {
      return corrupt(fmt::format("a text of {} bytes; a block can hold {} of a column",
                                 size, kMaxTextBytes));
    }
    ARROW_ASSIGN_OR_RAISE(const std::string_view text, take(size));
    if (find_invalid_utf8(text) != std::string_view::npos) {
      return corrupt(
          fmt::format("row {} of the block is not UTF-8; read it as "
                      "query=SELECT hex({}) …",
                      row + 1, column_));
    }
    ARROW_RETURN_NOT_OK(bytes.Append(text.data(), static_cast<int64_t>(text.size())));
    ARROW_RETURN_NOT_OK(offsets.Append(static_cast<int32_t>(bytes.length())));
  }
  ARROW_ASSIGN_OR_RAISE(auto offset_values, offsets.Finish());
  ARROW_ASSIGN_OR_RAISE(auto text_values, bytes.Finish());
  return std::make_shared<arrow::StringArray>(num_rows, std::move(offset_values),
                                              std::move(text_values), std::move(valid),
                                              num_nulls);
}

}  // namespace velo::clickhouse
