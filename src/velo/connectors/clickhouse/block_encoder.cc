#include <arrow/array.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include <cstring>
#include <limits>
#include <utility>

#include "velo/connectors/clickhouse/native_block.h"

namespace velo::clickhouse {
namespace {

// 1900-01-01 and 2300-01-01: what Date32 and DateTime64 hold, in days since 1970.
constexpr int64_t kFirstDay = -25567;
constexpr int64_t kDaysEnd = 120530;
constexpr int64_t kSecondsPerDay = 86'400;

void append_varint(std::string& bytes, uint64_t number) {
  while (number >= 0x80) {
    bytes += static_cast<char>(number | 0x80);
    number >>= 7;
  }
  bytes += static_cast<char>(number);
}

void append_text(std::string& bytes, std::string_view text) {
  append_varint(bytes, text.size());
  bytes += text;
}

// The low bytes of a number, the least significant first.
void append_number(std::string& bytes, uint64_t number, int width) {
  for (int i = 0; i < width; ++i) bytes += static_cast<char>(number >> 8 * i & 0xFF);
}

// Appends the values of one column.
class ColumnEncoder {
 public:
  explicit ColumnEncoder(ColumnType type) : type_(std::move(type)) {}
  virtual ~ColumnEncoder() = default;

  /// The row of the first value that does not fit, or -1.
  int64_t append(const arrow::Array& column, std::string& bytes) {
    if (type_.nullable) {
      for (int64_t row = 0; row < column.length(); ++row) {
        bytes += static_cast<char>(column.IsNull(row));
      }
    }
    for (int64_t row = 0; row < column.length(); ++row) {
      if (column.IsNull(row)) {
        if (!type_.nullable) return row;
        bytes.append(
            type_.kind == TypeKind::kString ? 1 : static_cast<size_t>(type_.width), '\0');
      } else if (!append_value(column, row, bytes)) {
        return row;
      }
    }
    return -1;
  }

 protected:
  // False where the value does not fit.
  virtual bool append_value(const arrow::Array& column, int64_t row,
                            std::string& bytes) = 0;
  const ColumnType type_;
};

template <typename ArrayType>
class IntegerEncoder : public ColumnEncoder {
 public:
  using ColumnEncoder::ColumnEncoder;
  bool append_value(const arrow::Array& column, int64_t row,
                    std::string& bytes) override {
    const auto value = static_cast<const ArrayType&>(column).Value(row);
    append_number(bytes, static_cast<uint64_t>(value), type_.width);
    return true;
  }
};

template <typename ArrayType, typename Float, typename Bits>
class FloatEncoder : public ColumnEncoder {
 public:
  using ColumnEncoder::ColumnEncoder;
  bool append_value(const arrow::Array& column, int64_t row,
                    std::string& bytes) override {
    const auto value =
        static_cast<Float>(static_cast<const ArrayType&>(column).Value(row));
    Bits bits;
    std::memcpy(&bits, &value, sizeof(bits));
    append_number(bytes, bits, sizeof(bits));
    return true;
  }
};

template <typename ArrayType>
class TextEncoder : public ColumnEncoder {
 public:
  using ColumnEncoder::ColumnEncoder;
  bool append_value(const arrow::Array& column, int64_t row,
                    std::string& bytes) override {
    append_text(bytes, static_cast<const ArrayType&>(column).GetView(row));
    return true;
  }
};

class FixedEncoder : public ColumnEncoder {
 public:
  using ColumnEncoder::ColumnEncoder;
  bool append_value(const arrow::Array& column, int64_t row,
                    std::string& bytes) override {
    bytes += static_cast<const arrow::FixedSizeBinaryArray&>(column).GetView(row);
    return true;
  }
};

class DateEncoder : public ColumnEncoder {
 public:
  using ColumnEncoder::ColumnEncoder;
  bool append_value(const arrow::Array& column, int64_t row,
                    std::string& bytes) override {
    const int64_t days = static_cast<const arrow::Date32Array&>(column).Value(row);
    const bool fits = type_.kind == TypeKind::kDate
                          ? days >= 0 && days <= std::numeric_limits<uint16_t>::max()
                          : days >= kFirstDay && days < kDaysEnd;
    if (fits) append_number(bytes, static_cast<uint64_t>(days), type_.width);
    return fits;
  }
};

class TimestampEncoder : public ColumnEncoder {
 public:
  TimestampEncoder(ColumnType type, arrow::TimeUnit::type unit)
      : ColumnEncoder(std::move(type)),
        per_second_(power_of_ten(digits_of(unit))),
        factor_(power_of_ten(type_.scale - digits_of(unit))) {}

  bool append_value(const arrow::Array& column, int64_t row,
                    std::string& bytes) override {
    const int64_t value = static_cast<const arrow::TimestampArray&>(column).Value(row);
    if (type_.kind == TypeKind::kDateTime) {
      if (value < 0 || value > std::numeric_limits<uint32_t>::max()) return false;
    } else if (value / per_second_ < kFirstDay * kSecondsPerDay ||
               value / per_second_ >= kDaysEnd * kSecondsPerDay ||
               value > std::numeric_limits<int64_t>::max() / factor_ ||
               value < std::numeric_limits<int64_t>::min() / factor_) {
      return false;
    }
    append_number(bytes, static_cast<uint64_t>(value * factor_), type_.width);
    return true;
  }

 private:
  const int64_t per_second_;
  const int64_t factor_;  // to the ticks of the column
};

class DecimalEncoder : public ColumnEncoder {
 public:
  DecimalEncoder(ColumnType type, int32_t scale)
      : ColumnEncoder(std::move(type)), digits_(type_.scale - scale) {}

  bool append_value(const arrow::Array& column, int64_t row,
                    std::string& bytes) override {
    const auto& decimals = static_cast<const arrow::Decimal128Array&>(column);
    const arrow::Decimal128 value =
        arrow::Decimal128(decimals.GetValue(row)).IncreaseScaleBy(digits_);
    if (!value.FitsInPrecision(type_.precision)) return false;
    append_number(bytes, value.low_bits(), std::min(type_.width, 8));
    if (type_.width == 16) {
      append_number(bytes, static_cast<uint64_t>(value.high_bits()), 8);
    }
    return true;
  }

 private:
  const int32_t digits_;  // fractional ones that the column has more
};

std::unique_ptr<ColumnEncoder> integer_encoder(const arrow::DataType& type,
                                               const ColumnType& column) {
  const bool is_signed = arrow::is_signed_integer(type.id());
  const int width = type.byte_width();
  const bool fits = is_signed
                        ? column.kind == TypeKind::kInt && column.width >= width
                        : (column.kind == TypeKind::kUint && column.width >= width) ||
                              (column.kind == TypeKind::kInt && column.width > width);
  if (!fits) return nullptr;
  switch (type.id()) {
    case arrow::Type::INT8:
      return std::make_unique<IntegerEncoder<arrow::Int8Array>>(column);
    case arrow::Type::INT16:
      return std::make_unique<IntegerEncoder<arrow::Int16Array>>(column);
    case arrow::Type::INT32:
      return std::make_unique<IntegerEncoder<arrow::Int32Array>>(column);
    case arrow::Type::INT64:
      return std::make_unique<IntegerEncoder<arrow::Int64Array>>(column);
    case arrow::Type::UINT8:
      return std::make_unique<IntegerEncoder<arrow::UInt8Array>>(column);
    case arrow::Type::UINT16:
      return std::make_unique<IntegerEncoder<arrow::UInt16Array>>(column);
    case arrow::Type::UINT32:
      return std::make_unique<IntegerEncoder<arrow::UInt32Array>>(column);
    default:
      return std::make_unique<IntegerEncoder<arrow::UInt64Array>>(column);
  }
}

std::unique_ptr<ColumnEncoder> float_encoder(const arrow::DataType& type,
                                             const ColumnType& column) {
  if (column.kind != TypeKind::kFloat || column.width < type.byte_width()) return nullptr;
  if (type.id() == arrow::Type::DOUBLE) {
    return std::make_unique<FloatEncoder<arrow::DoubleArray, double, uint64_t>>(column);
  }
  if (column.width == 4) {
    return std::make_unique<FloatEncoder<arrow::FloatArray, float, uint32_t>>(column);
  }
  return std::make_unique<FloatEncoder<arrow::FloatArray, double, uint64_t>>(column);
}

bool is_utc(std::string_view zone) {
  return zone == "UTC" || zone == "Etc/UTC" || zone == "GMT" || zone == "Etc/GMT";
}

std::unique_ptr<ColumnEncoder> timestamp_encoder(const arrow::TimestampType& type,
                                                 const ColumnType& column,
                                                 const std::string& server_zone) {
  // A wall clock without a zone is written where the column's clock is UTC's.
  const std::string& zone = column.timezone.empty() ? server_zone : column.timezone;
  if (type.timezone().empty() && !is_utc(zone)) return nullptr;
  const bool fits = column.kind == TypeKind::kDateTime
                        ? type.unit() == arrow::TimeUnit::SECOND
                        : column.kind == TypeKind::kDateTime64 &&
                              column.scale >= digits_of(type.unit());
  if (!fits) return nullptr;
  return std::make_unique<TimestampEncoder>(column, type.unit());
}

template <typename ArrayType>
std::unique_ptr<ColumnEncoder> text_encoder(const ColumnType& column) {
  if (column.kind != TypeKind::kString) return nullptr;
  return std::make_unique<TextEncoder<ArrayType>>(column);
}

// nullptr where the column could lose values.
std::unique_ptr<ColumnEncoder> encoder_of(const arrow::DataType& type,
                                          const ColumnType& column,
                                          const std::string& server_zone) {
  if (arrow::is_integer(type.id())) return integer_encoder(type, column);
  switch (type.id()) {
    case arrow::Type::BOOL:
      if (column.kind != TypeKind::kBool) return nullptr;
      return std::make_unique<IntegerEncoder<arrow::BooleanArray>>(column);
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
      return float_encoder(type, column);
    case arrow::Type::STRING:
      return text_encoder<arrow::StringArray>(column);
    case arrow::Type::LARGE_STRING:
      return text_encoder<arrow::LargeStringArray>(column);
    case arrow::Type::BINARY:
      return text_encoder<arrow::BinaryArray>(column);
    case arrow::Type::LARGE_BINARY:
      return text_encoder<arrow::LargeBinaryArray>(column);
    case arrow::Type::FIXED_SIZE_BINARY:
      if (column.kind != TypeKind::kFixedString || column.width != type.byte_width()) {
        return nullptr;
      }
      return std::make_unique<FixedEncoder>(column);
    case arrow::Type::DATE32:
      if (column.kind != TypeKind::kDate && column.kind != TypeKind::kDate32) {
        return nullptr;
      }
      return std::make_unique<DateEncoder>(column);
    case arrow::Type::TIMESTAMP:
      return timestamp_encoder(static_cast<const arrow::TimestampType&>(type), column,
                               server_zone);
    case arrow::Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::Decimal128Type&>(type);
      if (column.kind != TypeKind::kDecimal || column.scale < decimal.scale() ||
          decimal.scale() < 0 ||
          column.precision - column.scale < decimal.precision() - decimal.scale()) {
        return nullptr;
      }
      return std::make_unique<DecimalEncoder>(column, decimal.scale());
    }
    default:
      return nullptr;
  }
}

struct EncodedColumn {
  TableColumn column;
  std::unique_ptr<ColumnEncoder> encoder;
};

class Encoder : public BlockEncoder {
 public:
  explicit Encoder(std::vector<EncodedColumn> columns) : columns_(std::move(columns)) {}

  Status append(const arrow::RecordBatch& rows, std::string& bytes) override {
    if (rows.num_rows() == 0) return Status::OK();
    const size_t before = bytes.size();
    append_varint(bytes, columns_.size());
    append_varint(bytes, static_cast<uint64_t>(rows.num_rows()));
    for (size_t i = 0; i < columns_.size(); ++i) {
      const TableColumn& column = columns_[i].column;
      append_text(bytes, column.name);
      append_text(bytes, column.type.name);
      const arrow::Array& values = *rows.column(static_cast<int>(i));
      const int64_t row = columns_[i].encoder->append(values, bytes);
      if (row < 0) continue;
      bytes.resize(before);
      return cannot_hold(column, values, row);
    }
    rows_before_ += rows.num_rows();
    return Status::OK();
  }

 private:
  Status cannot_hold(const TableColumn& column, const arrow::Array& values,
                     int64_t row) const {
    std::string value = "NULL";
    if (!values.IsNull(row)) {
      const auto scalar = values.GetScalar(row);
      value = scalar.ok() ? (*scalar)->ToString() : "the value";
    }
    return make_error(ErrorKind::kCorruptData,
                      {.connector = "clickhouse",
                       .position = fmt::format("row {}", rows_before_ + row + 1)},
                      fmt::format("column '{}': {} cannot hold {}", column.name,
                                  column.type.name, value));
  }

  const std::vector<EncodedColumn> columns_;
  int64_t rows_before_ = 0;
};

}  // namespace

Result<std::unique_ptr<BlockEncoder>> BlockEncoder::make(
    const arrow::Schema& schema, const std::vector<TableColumn>& columns,
    const std::string& server_zone) {
  std::vector<EncodedColumn> encoded;
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto& field = schema.field(static_cast<int>(i));
    auto encoder = encoder_of(*field->type(), columns[i].type, server_zone);
    if (!encoder) {
      return make_error(
          ErrorKind::kSchemaMismatch, {.connector = "clickhouse"},
          fmt::format("column '{}': {} does not go into {} without loss; CAST it in the "
                      "SELECT",
                      field->name(), field->type()->ToString(), columns[i].type.name));
    }
    encoded.push_back({columns[i], std::move(encoder)});
  }
  return std::make_unique<Encoder>(std::move(encoded));
}

}  // namespace velo::clickhouse
