#include <arrow/builder.h>
#include <fmt/format.h>

#include <bit>
#include <limits>
#include <optional>
#include <utility>

#include "velo/base/big_endian.h"
#include "velo/base/utf8.h"
#include "velo/connectors/postgresql/copy_binary.h"
#include "velo/connectors/postgresql/epoch.h"
#include "velo/connectors/postgresql/numeric.h"

namespace velo::postgresql {
namespace {

constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);
constexpr size_t kHeaderBytes = 19;
constexpr uint32_t kNull = 0xFFFFFFFF;
constexpr uint16_t kEnd = 0xFFFF;

// Takes the fields of one column into an Arrow builder.
class ColumnDecoder {
 public:
  explicit ColumnDecoder(std::shared_ptr<arrow::ArrayBuilder> builder)
      : builder_(std::move(builder)) {}
  virtual ~ColumnDecoder() = default;

  /// Empty where the value was taken, else what is wrong with it.
  virtual std::string take(std::string_view bytes) = 0;

  Status append_null() { return builder_->AppendNull(); }
  Result<std::shared_ptr<arrow::Array>> finish() { return builder_->Finish(); }

 protected:
  const std::shared_ptr<arrow::ArrayBuilder> builder_;
};

std::string outcome(const Status& status) { return status.ok() ? "" : status.message(); }

std::string wrong_size(size_t size) { return fmt::format("it has {} bytes", size); }

template <typename Builder>
class TypedDecoder : public ColumnDecoder {
 public:
  using ColumnDecoder::ColumnDecoder;

 protected:
  Builder& typed() { return static_cast<Builder&>(*builder_); }
};

template <typename Builder, typename Bits>
class NumberDecoder : public TypedDecoder<Builder> {
 public:
  using TypedDecoder<Builder>::TypedDecoder;
  std::string take(std::string_view bytes) override {
    if (bytes.size() != sizeof(Bits)) return wrong_size(bytes.size());
    return outcome(this->typed().Append(std::bit_cast<typename Builder::value_type>(
        read_big_endian<Bits>(bytes.data()))));
  }
};

class BoolDecoder : public TypedDecoder<arrow::BooleanBuilder> {
 public:
  using TypedDecoder::TypedDecoder;
  std::string take(std::string_view bytes) override {
    if (bytes.size() != 1) return wrong_size(bytes.size());
    return outcome(typed().Append(bytes[0] != 0));
  }
};

class BytesDecoder : public TypedDecoder<arrow::BinaryBuilder> {
 public:
  using TypedDecoder::TypedDecoder;
  std::string take(std::string_view bytes) override {
    return outcome(typed().Append(bytes));
  }
};

class TextDecoder : public TypedDecoder<arrow::StringBuilder> {
 public:
  using TypedDecoder::TypedDecoder;
  std::string take(std::string_view bytes) override {
    // A database in SQL_ASCII holds anything.
    if (find_invalid_utf8(bytes) != std::string_view::npos) return "it is not UTF-8";
    return outcome(typed().Append(bytes));
  }
};

class DateDecoder : public TypedDecoder<arrow::Date32Builder> {
 public:
  using TypedDecoder::TypedDecoder;
  std::string take(std::string_view bytes) override {
    using Limits = std::numeric_limits<int32_t>;
    if (bytes.size() != sizeof(int32_t)) return wrong_size(bytes.size());
    const auto days = static_cast<int32_t>(read_big_endian<uint32_t>(bytes.data()));
    if (days == Limits::min() || days == Limits::max()) {
      return "infinity has no counterpart in a date; read it as text";
    }
    const int64_t since_1970 = days + kEpochDays;
    if (since_1970 > Limits::max()) return "the date is beyond what Arrow can hold";
    return outcome(typed().Append(static_cast<int32_t>(since_1970)));
  }
};

class TimestampDecoder : public TypedDecoder<arrow::TimestampBuilder> {
 public:
  using TypedDecoder::TypedDecoder;
  std::string take(std::string_view bytes) override {
    using Limits = std::numeric_limits<int64_t>;
    if (bytes.size() != sizeof(int64_t)) return wrong_size(bytes.size());
    const auto micros = static_cast<int64_t>(read_big_endian<uint64_t>(bytes.data()));
    if (micros == Limits::min() || micros == Limits::max()) {
      return "infinity has no counterpart in a timestamp; read it as text";
    }
    if (micros > Limits::max() - kEpochMicros) {
      return "the time is beyond what Arrow can hold";
    }
    return outcome(typed().Append(micros + kEpochMicros));
  }
};

class DecimalDecoder : public TypedDecoder<arrow::Decimal128Builder> {
 public:
  using TypedDecoder::TypedDecoder;
  std::string take(std::string_view bytes) override {
    const auto& type = static_cast<const arrow::Decimal128Type&>(*builder_->type());
    const auto value = read_numeric(bytes, type.precision(), type.scale());
    if (!value) {
      return fmt::format(
          "it is no {} (NaN and infinity have no counterpart; read it as "
          "text)",
          type.ToString());
    }
    return outcome(typed().Append(*value));
  }
};

std::unique_ptr<ColumnDecoder> decoder_of(std::shared_ptr<arrow::ArrayBuilder> builder) {
  switch (builder->type()->id()) {
    case arrow::Type::BOOL:
      return std::make_unique<BoolDecoder>(std::move(builder));
    case arrow::Type::INT16:
      return std::make_unique<NumberDecoder<arrow::Int16Builder, uint16_t>>(
          std::move(builder));
    case arrow::Type::INT32:
      return std::make_unique<NumberDecoder<arrow::Int32Builder, uint32_t>>(
          std::move(builder));
    case arrow::Type::INT64:
      return std::make_unique<NumberDecoder<arrow::Int64Builder, uint64_t>>(
          std::move(builder));
    case arrow::Type::FLOAT:
      return std::make_unique<NumberDecoder<arrow::FloatBuilder, uint32_t>>(
          std::move(builder));
    case arrow::Type::DOUBLE:
      return std::make_unique<NumberDecoder<arrow::DoubleBuilder, uint64_t>>(
          std::move(builder));
    case arrow::Type::STRING:
      return std::make_unique<TextDecoder>(std::move(builder));
    case arrow::Type::BINARY:
      return std::make_unique<BytesDecoder>(std::move(builder));
    case arrow::Type::DATE32:
      return std::make_unique<DateDecoder>(std::move(builder));
    case arrow::Type::TIMESTAMP:
      return std::make_unique<TimestampDecoder>(std::move(builder));
    case arrow::Type::DECIMAL128:
      return std::make_unique<DecimalDecoder>(std::move(builder));
    default:
      return nullptr;
  }
}

class Decoder : public CopyDecoder {
 public:
  Decoder(std::shared_ptr<arrow::Schema> schema,
          std::vector<std::unique_ptr<ColumnDecoder>> columns)
      : schema_(std::move(schema)), columns_(std::move(columns)) {}

  Status decode(std::string_view bytes) override {
    if (!has_header_) {
      ARROW_ASSIGN_OR_RAISE(bytes, after_header(bytes));
      has_header_ = true;
    }
    while (!bytes.empty()) {
      if (bytes.size() < sizeof(uint16_t)) return corrupt("its row ends too early");
      const auto num_fields = read_big_endian<uint16_t>(bytes.data());
      bytes.remove_prefix(sizeof(uint16_t));
      if (num_fields == kEnd) return Status::OK();
      if (num_fields != columns_.size()) {
        return corrupt(fmt::format("its row has {} fields instead of {}", num_fields,
                                   columns_.size()));
      }
      ARROW_ASSIGN_OR_RAISE(bytes, take_row(bytes));
    }
    return Status::OK();
  }

  int64_t num_rows() const override { return num_rows_; }
  int64_t num_bytes() const override { return num_bytes_; }

  Result<std::shared_ptr<arrow::RecordBatch>> take() override {
    arrow::ArrayVector arrays;
    for (const auto& column : columns_) {
      ARROW_ASSIGN_OR_RAISE(auto array, column->finish());
      arrays.push_back(std::move(array));
    }
    const int64_t num_rows = std::exchange(num_rows_, 0);
    rows_before_ += num_rows;
    num_bytes_ = 0;
    return arrow::RecordBatch::Make(schema_, num_rows, std::move(arrays));
  }

 private:
  Result<std::string_view> after_header(std::string_view bytes) const {
    if (bytes.size() < kHeaderBytes || !bytes.starts_with(kSignature)) {
      return corrupt("this is not binary COPY data");
    }
    const size_t extension = read_big_endian<uint32_t>(bytes.data() + kHeaderBytes - 4);
    bytes.remove_prefix(kHeaderBytes);
    if (bytes.size() < extension) return corrupt("its header ends too early");
    return bytes.substr(extension);
  }

  // Takes one row and returns what follows it.
  Result<std::string_view> take_row(std::string_view bytes) {
    num_bytes_ += static_cast<int64_t>(bytes.size());
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (bytes.size() < sizeof(uint32_t)) return corrupt("its row ends too early");
      const auto size = read_big_endian<uint32_t>(bytes.data());
      bytes.remove_prefix(sizeof(uint32_t));
      if (size == kNull) {
        ARROW_RETURN_NOT_OK(columns_[i]->append_null());
        continue;
      }
      if (bytes.size() < size) return corrupt("its row ends too early");
      const std::string problem = columns_[i]->take(bytes.substr(0, size));
      if (!problem.empty()) {
        return corrupt(fmt::format("column '{}': {}",
                                   schema_->field(static_cast<int>(i))->name(), problem));
      }
      bytes.remove_prefix(size);
    }
    ++num_rows_;
    return bytes;
  }

  Status corrupt(std::string message) const {
    return make_error(ErrorKind::kCorruptData,
                      {.connector = "postgresql",
                       .position = fmt::format("row {}", rows_before_ + num_rows_ + 1)},
                      std::move(message));
  }

  const std::shared_ptr<arrow::Schema> schema_;
  const std::vector<std::unique_ptr<ColumnDecoder>> columns_;
  bool has_header_ = false;
  int64_t num_rows_ = 0;
  int64_t num_bytes_ = 0;
  int64_t rows_before_ = 0;
};

}  // namespace

Result<std::unique_ptr<CopyDecoder>> CopyDecoder::make(
    std::shared_ptr<arrow::Schema> schema) {
  std::vector<std::unique_ptr<ColumnDecoder>> columns;
  for (const auto& field : schema->fields()) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::ArrayBuilder> builder,
                          arrow::MakeBuilder(field->type()));
    columns.push_back(decoder_of(std::move(builder)));
    if (columns.back()) continue;
    return make_error(ErrorKind::kNotImplemented, {.connector = "postgresql"},
                      fmt::format("column '{}' as {} cannot be read yet", field->name(),
                                  field->type()->ToString()));
  }
  return std::make_unique<Decoder>(std::move(schema), std::move(columns));
}

}  // namespace velo::postgresql
