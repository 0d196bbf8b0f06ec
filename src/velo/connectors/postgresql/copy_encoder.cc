#include <arrow/array.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include <bit>
#include <limits>
#include <utility>

#include "velo/base/big_endian.h"
#include "velo/connectors/postgresql/copy_binary.h"
#include "velo/connectors/postgresql/epoch.h"
#include "velo/connectors/postgresql/numeric.h"

namespace velo::postgresql {
namespace {

constexpr std::string_view kHeader("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
constexpr std::string_view kTrailer("\xFF\xFF", 2);
constexpr uint32_t kNull = 0xFFFFFFFF;

// Appends the values of one column, without their NULLs.
class ColumnEncoder {
 public:
  virtual ~ColumnEncoder() = default;

  void set_column(const arrow::Array& column) {
    column_ = &column;
    bind(column);
  }

  // False where the value does not fit.
  bool append_field(int64_t row, std::string& bytes) {
    if (!column_->IsNull(row)) return append(row, bytes);
    append_big_endian(bytes, kNull);
    return true;
  }

 protected:
  virtual void bind(const arrow::Array& column) = 0;
  virtual bool append(int64_t row, std::string& bytes) = 0;

 private:
  const arrow::Array* column_ = nullptr;
};

template <typename ArrayType>
class TypedEncoder : public ColumnEncoder {
 protected:
  void bind(const arrow::Array& column) override {
    values_ = static_cast<const ArrayType*>(&column);
  }
  const ArrayType* values_ = nullptr;
};

template <typename Number>
void append_number(std::string& bytes, Number number) {
  append_big_endian(bytes, static_cast<uint32_t>(sizeof(Number)));
  append_big_endian(bytes, static_cast<std::make_unsigned_t<Number>>(number));
}

template <typename ArrayType, typename Number>
class IntegerEncoder : public TypedEncoder<ArrayType> {
  bool append(int64_t row, std::string& bytes) override {
    append_number(bytes, static_cast<Number>(this->values_->Value(row)));
    return true;
  }
};

template <typename ArrayType>
class IntegerToNumeric : public TypedEncoder<ArrayType> {
  bool append(int64_t row, std::string& bytes) override {
    numeric_.clear();
    append_numeric(numeric_, arrow::Decimal128(this->values_->Value(row)), 0);
    append_big_endian(bytes, static_cast<uint32_t>(numeric_.size()));
    bytes += numeric_;
    return true;
  }
  std::string numeric_;
};

template <typename ArrayType, typename Float, typename Bits>
class FloatEncoder : public TypedEncoder<ArrayType> {
  bool append(int64_t row, std::string& bytes) override {
    append_big_endian(bytes, static_cast<uint32_t>(sizeof(Float)));
    append_big_endian(bytes,
                      std::bit_cast<Bits>(static_cast<Float>(this->values_->Value(row))));
    return true;
  }
};

class BoolEncoder : public TypedEncoder<arrow::BooleanArray> {
  bool append(int64_t row, std::string& bytes) override {
    append_big_endian(bytes, uint32_t{1});
    bytes += values_->Value(row) ? '\1' : '\0';
    return true;
  }
};

class BytesEncoder : public TypedEncoder<arrow::BinaryArray> {
  bool append(int64_t row, std::string& bytes) override {
    const std::string_view value = values_->GetView(row);
    append_big_endian(bytes, static_cast<uint32_t>(value.size()));
    bytes += value;
    return true;
  }
};

class TextEncoder : public TypedEncoder<arrow::StringArray> {
  bool append(int64_t row, std::string& bytes) override {
    const std::string_view value = values_->GetView(row);
    // The one character that PostgreSQL's text cannot hold.
    if (value.find('\0') != std::string_view::npos) return false;
    append_big_endian(bytes, static_cast<uint32_t>(value.size()));
    bytes += value;
    return true;
  }
};

class DecimalEncoder : public TypedEncoder<arrow::Decimal128Array> {
 public:
  explicit DecimalEncoder(int32_t scale) : scale_(scale) {}

 private:
  bool append(int64_t row, std::string& bytes) override {
    numeric_.clear();
    append_numeric(numeric_, arrow::Decimal128(values_->GetValue(row)), scale_);
    append_big_endian(bytes, static_cast<uint32_t>(numeric_.size()));
    bytes += numeric_;
    return true;
  }
  const int32_t scale_;
  std::string numeric_;
};

class DateEncoder : public TypedEncoder<arrow::Date32Array> {
  bool append(int64_t row, std::string& bytes) override {
    const int64_t days = int64_t{values_->Value(row)} - kEpochDays;
    if (days <= std::numeric_limits<int32_t>::min()) return false;
    append_number(bytes, static_cast<int32_t>(days));
    return true;
  }
};

class TimestampEncoder : public TypedEncoder<arrow::TimestampArray> {
 public:
  explicit TimestampEncoder(arrow::TimeUnit::type unit) : unit_(unit) {}

 private:
  bool append(int64_t row, std::string& bytes) override {
    __int128 micros = values_->Value(row);
    switch (unit_) {
      case arrow::TimeUnit::SECOND:
        micros *= 1'000'000;
        break;
      case arrow::TimeUnit::MILLI:
        micros *= 1'000;
        break;
      case arrow::TimeUnit::MICRO:
        break;
      case arrow::TimeUnit::NANO:
        if (micros % 1'000 != 0) return false;  // PostgreSQL counts microseconds
        micros /= 1'000;
        break;
    }
    micros -= kEpochMicros;
    // The ends stand for -infinity and infinity.
    if (micros <= std::numeric_limits<int64_t>::min() ||
        micros >= std::numeric_limits<int64_t>::max()) {
      return false;
    }
    append_number(bytes, static_cast<int64_t>(micros));
    return true;
  }
  const arrow::TimeUnit::type unit_;
};

template <typename ArrayType>
std::unique_ptr<ColumnEncoder> integer_encoder(size_t source_bytes, bool is_signed,
                                               const ResultColumn& column) {
  const size_t needed = source_bytes + (is_signed ? 0 : 1);
  if (column.type == kInt2 && needed <= 2) {
    return std::make_unique<IntegerEncoder<ArrayType, int16_t>>();
  }
  if (column.type == kInt4 && needed <= 4) {
    return std::make_unique<IntegerEncoder<ArrayType, int32_t>>();
  }
  if (column.type == kInt8 && needed <= 8) {
    return std::make_unique<IntegerEncoder<ArrayType, int64_t>>();
  }
  if (column.type == kNumeric && column.modifier < 0) {
    return std::make_unique<IntegerToNumeric<ArrayType>>();
  }
  return nullptr;
}

std::unique_ptr<ColumnEncoder> decimal_encoder(const arrow::Decimal128Type& type,
                                               const ResultColumn& column) {
  if (column.type != kNumeric || type.scale() < 0) return nullptr;
  int32_t precision = 0;
  int32_t scale = 0;
  const bool holds_any = column.modifier < 0;
  const bool holds_it = decimal_of(column, &precision, &scale) && scale >= type.scale() &&
                        precision - scale >= type.precision() - type.scale();
  if (!holds_any && !holds_it) return nullptr;
  return std::make_unique<DecimalEncoder>(type.scale());
}

// nullptr where the column cannot hold every value of the type.
std::unique_ptr<ColumnEncoder> encoder_of(const arrow::DataType& type,
                                          const ResultColumn& column) {
  const bool is_text =
      column.type == kText || (column.type == kVarchar && column.modifier < 0);
  switch (type.id()) {
    case arrow::Type::BOOL:
      if (column.type == kBool) return std::make_unique<BoolEncoder>();
      return nullptr;
    case arrow::Type::INT8:
      return integer_encoder<arrow::Int8Array>(1, true, column);
    case arrow::Type::UINT8:
      return integer_encoder<arrow::UInt8Array>(1, false, column);
    case arrow::Type::INT16:
      return integer_encoder<arrow::Int16Array>(2, true, column);
    case arrow::Type::UINT16:
      return integer_encoder<arrow::UInt16Array>(2, false, column);
    case arrow::Type::INT32:
      return integer_encoder<arrow::Int32Array>(4, true, column);
    case arrow::Type::UINT32:
      return integer_encoder<arrow::UInt32Array>(4, false, column);
    case arrow::Type::INT64:
      return integer_encoder<arrow::Int64Array>(8, true, column);
    case arrow::Type::FLOAT:
      if (column.type == kFloat4) {
        return std::make_unique<FloatEncoder<arrow::FloatArray, float, uint32_t>>();
      }
      if (column.type == kFloat8) {
        return std::make_unique<FloatEncoder<arrow::FloatArray, double, uint64_t>>();
      }
      return nullptr;
    case arrow::Type::DOUBLE:
      if (column.type == kFloat8) {
        return std::make_unique<FloatEncoder<arrow::DoubleArray, double, uint64_t>>();
      }
      return nullptr;
    case arrow::Type::STRING:
      if (is_text) return std::make_unique<TextEncoder>();
      return nullptr;
    case arrow::Type::BINARY:
      if (column.type == kBytea) return std::make_unique<BytesEncoder>();
      return nullptr;
    case arrow::Type::DATE32:
      if (column.type == kDate) return std::make_unique<DateEncoder>();
      return nullptr;
    case arrow::Type::TIMESTAMP: {
      const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
      const uint32_t expected = timestamp.timezone().empty() ? kTimestamp : kTimestamptz;
      if (column.type == expected) {
        return std::make_unique<TimestampEncoder>(timestamp.unit());
      }
      return nullptr;
    }
    case arrow::Type::DECIMAL128:
      return decimal_encoder(static_cast<const arrow::Decimal128Type&>(type), column);
    default:
      return nullptr;
  }
}

class Encoder : public CopyEncoder {
 public:
  Encoder(std::vector<std::string> names,
          std::vector<std::unique_ptr<ColumnEncoder>> columns)
      : names_(std::move(names)), columns_(std::move(columns)) {}

  Status append(const arrow::RecordBatch& rows, std::string& bytes) override {
    for (size_t i = 0; i < columns_.size(); ++i) {
      columns_[i]->set_column(*rows.column(static_cast<int>(i)));
    }
    for (int64_t row = 0; row < rows.num_rows(); ++row) {
      append_big_endian(bytes, static_cast<uint16_t>(columns_.size()));
      for (size_t i = 0; i < columns_.size(); ++i) {
        if (columns_[i]->append_field(row, bytes)) continue;
        ARROW_ASSIGN_OR_RAISE(const auto value,
                              rows.column(static_cast<int>(i))->GetScalar(row));
        return make_error(
            ErrorKind::kCorruptData, {.connector = "postgresql"},
            fmt::format("column '{}': PostgreSQL cannot hold the value '{}'", names_[i],
                        value->ToString()));
      }
    }
    return Status::OK();
  }

 private:
  const std::vector<std::string> names_;
  const std::vector<std::unique_ptr<ColumnEncoder>> columns_;
};

}  // namespace

std::string_view CopyEncoder::header() { return kHeader; }
std::string_view CopyEncoder::trailer() { return kTrailer; }

Result<std::unique_ptr<CopyEncoder>> CopyEncoder::make(
    const arrow::Schema& schema, const std::vector<ResultColumn>& columns) {
  std::vector<std::unique_ptr<ColumnEncoder>> encoders;
  for (int i = 0; i < schema.num_fields(); ++i) {
    const auto& field = schema.field(i);
    const ResultColumn& column = columns[static_cast<size_t>(i)];
    encoders.push_back(encoder_of(*field->type(), column));
    if (encoders.back()) continue;
    return make_error(
        ErrorKind::kSchemaMismatch, {.connector = "postgresql"},
        fmt::format("column '{}': {} does not go into {} without loss; CAST it in the "
                    "SELECT",
                    field->name(), field->type()->ToString(), name_of_type(column)));
  }
  return std::make_unique<Encoder>(schema.field_names(), std::move(encoders));
}

}  // namespace velo::postgresql
