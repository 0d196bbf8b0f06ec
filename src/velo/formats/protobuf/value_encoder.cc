#include "velo/formats/protobuf/value_encoder.h"

#include <arrow/compute/cast.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "velo/base/parse_number.h"
#include "velo/base/utf8.h"
#include "velo/columnar/common_type.h"
#include "velo/columnar/schema_text.h"
#include "velo/formats/protobuf/message_encoder.h"
#include "velo/formats/protobuf/types.h"

namespace velo::formats::protobuf {
namespace {

// Of an array of type `from` each value has its like in `to`.
bool keeps_values(const arrow::DataType& from, const arrow::DataType& to) {
  using arrow::Type;
  if (from.Equals(to)) return true;
  if (from.id() == Type::DICTIONARY) {
    return keeps_values(*static_cast<const arrow::DictionaryType&>(from).value_type(),
                        to);
  }
  const auto is_text = [](Type::type id) {
    return id == Type::STRING || id == Type::LARGE_STRING || id == Type::STRING_VIEW;
  };
  const auto is_binary = [](Type::type id) {
    return id == Type::BINARY || id == Type::LARGE_BINARY || id == Type::BINARY_VIEW ||
           id == Type::FIXED_SIZE_BINARY;
  };
  if (to.id() == Type::STRING) return is_text(from.id());
  if (to.id() == Type::BINARY) return is_binary(from.id());
  if (to.id() == Type::DURATION) return from.id() == Type::DURATION;
  const auto common = common_type(from.GetSharedPtr(), to.GetSharedPtr());
  return common && common->Equals(to);
}

// A column of values, brought to the type of the field.
template <typename Array>
class ColumnEncoder : public ValueEncoder {
 public:
  explicit ColumnEncoder(std::shared_ptr<arrow::DataType> type)
      : type_(std::move(type)) {}

  Status bind(const std::shared_ptr<arrow::Array>& array) override {
    array_ = array;
    if (array->type()->Equals(*type_)) return Status::OK();
    auto cast = arrow::compute::Cast(*array, type_);
    if (cast.ok()) return std::move(cast).Value(&array_);
    return make_error(ErrorKind::kSchemaMismatch, {}, cast.status().message());
  }

 protected:
  const Array& array() const { return static_cast<const Array&>(*array_); }

 private:
  const std::shared_ptr<arrow::DataType> type_;
  std::shared_ptr<arrow::Array> array_;
};

uint64_t varint_of(int32_t value) { return static_cast<uint64_t>(int64_t{value}); }
uint64_t varint_of(int64_t value) { return static_cast<uint64_t>(value); }
uint64_t varint_of(uint32_t value) { return value; }
uint64_t varint_of(uint64_t value) { return value; }
uint64_t varint_of(bool value) { return value ? 1 : 0; }

template <typename Array>
class VarintEncoder : public ColumnEncoder<Array> {
 public:
  using ColumnEncoder<Array>::ColumnEncoder;
  WireType wire() const override { return WireType::kVarint; }
  Status write(int64_t row, std::string& out) override {
    append_varint(varint_of(this->array().Value(row)), out);
    return Status::OK();
  }
};

template <typename Array>
class ZigzagEncoder : public ColumnEncoder<Array> {
 public:
  using ColumnEncoder<Array>::ColumnEncoder;
  WireType wire() const override { return WireType::kVarint; }
  Status write(int64_t row, std::string& out) override {
    append_varint(zigzag_encoded(this->array().Value(row)), out);
    return Status::OK();
  }
};

template <typename Array>
class FixedEncoder : public ColumnEncoder<Array> {
 public:
  using Value = typename Array::value_type;
  using ColumnEncoder<Array>::ColumnEncoder;
  WireType wire() const override {
    return sizeof(Value) == 4 ? WireType::kFixed32 : WireType::kFixed64;
  }
  Status write(int64_t row, std::string& out) override {
    append_fixed(this->array().Value(row), out);
    return Status::OK();
  }
};

template <typename Array>
class BytesEncoder : public ColumnEncoder<Array> {
 public:
  BytesEncoder(std::shared_ptr<arrow::DataType> type, bool is_text)
      : ColumnEncoder<Array>(std::move(type)), is_text_(is_text) {}

  WireType wire() const override { return WireType::kBytes; }
  Status write(int64_t row, std::string& out) override {
    const std::string_view value = this->array().GetView(row);
    if (is_text_ && find_invalid_utf8(value) != std::string_view::npos) {
      return make_error(ErrorKind::kSchemaMismatch, {}, "the text is not UTF-8");
    }
    append_varint(value.size(), out);
    out += value;
    return Status::OK();
  }

 private:
  const bool is_text_;
};

class EnumEncoder : public ColumnEncoder<arrow::StringArray> {
 public:
  EnumEncoder(std::shared_ptr<arrow::DataType> type, EnumDescriptor names)
      : ColumnEncoder(std::move(type)), names_(std::move(names)) {}

  WireType wire() const override { return WireType::kVarint; }
  Status write(int64_t row, std::string& out) override {
    const std::string_view name = array().GetView(row);
    const auto named = names_.numbers.find(name);
    std::optional<int32_t> number;
    if (named != names_.numbers.end()) {
      number = named->second;
    } else if (!names_.is_closed) {
      number = parse_number<int32_t>(name);
    }
    if (!number) {
      return make_error(ErrorKind::kSchemaMismatch, {},
                        fmt::format("'{}' is no value of {}", name, names_.name));
    }
    append_varint(varint_of(*number), out);
    return Status::OK();
  }

 private:
  const EnumDescriptor names_;
};

// Timestamps and durations, in nanoseconds.
class TimeEncoder : public ColumnEncoder<arrow::Array> {
 public:
  TimeEncoder(std::shared_ptr<arrow::DataType> type, bool is_duration)
      : ColumnEncoder(std::move(type)), is_duration_(is_duration) {}

  WireType wire() const override { return WireType::kBytes; }
  Status write(int64_t row, std::string& out) override {
    constexpr int64_t kNanosPerSecond = 1'000'000'000;
    const int64_t time = array().data()->GetValues<int64_t>(1)[row];
    int64_t seconds = time / kNanosPerSecond;
    int64_t nanos = time % kNanosPerSecond;
    if (!is_duration_ && nanos < 0) {  // a timestamp's nanos go forward
      --seconds;
      nanos += kNanosPerSecond;
    }
    message_.clear();
    if (seconds != 0) {
      append_tag(1, WireType::kVarint, message_);
      append_varint(varint_of(seconds), message_);
    }
    if (nanos != 0) {
      append_tag(2, WireType::kVarint, message_);
      append_varint(varint_of(nanos), message_);
    }
    append_varint(message_.size(), out);
    out += message_;
    return Status::OK();
  }

 private:
  const bool is_duration_;
  std::string message_;
};

// google.protobuf.Int64Value and its like.
class WrapperEncoder : public ValueEncoder {
 public:
  explicit WrapperEncoder(std::unique_ptr<ValueEncoder> wrapped)
      : wrapped_(std::move(wrapped)) {}

  WireType wire() const override { return WireType::kBytes; }
  Status bind(const std::shared_ptr<arrow::Array>& array) override {
    return wrapped_->bind(array);
  }
  Status write(int64_t row, std::string& out) override {
    message_.clear();
    append_tag(1, wrapped_->wire(), message_);
    ARROW_RETURN_NOT_OK(wrapped_->write(row, message_));
    append_varint(message_.size(), out);
    out += message_;
    return Status::OK();
  }

 private:
  const std::unique_ptr<ValueEncoder> wrapped_;
  std::string message_;
};

using Made = Result<std::unique_ptr<ValueEncoder>>;

Made make_plain(const FieldDescriptor& field) {
  switch (field.type) {
    case FieldType::kDouble:
      return std::make_unique<FixedEncoder<arrow::DoubleArray>>(arrow::float64());
    case FieldType::kFloat:
      return std::make_unique<FixedEncoder<arrow::FloatArray>>(arrow::float32());
    case FieldType::kInt64:
      return std::make_unique<VarintEncoder<arrow::Int64Array>>(arrow::int64());
    case FieldType::kSint64:
      return std::make_unique<ZigzagEncoder<arrow::Int64Array>>(arrow::int64());
    case FieldType::kSfixed64:
      return std::make_unique<FixedEncoder<arrow::Int64Array>>(arrow::int64());
    case FieldType::kUint64:
      return std::make_unique<VarintEncoder<arrow::UInt64Array>>(arrow::uint64());
    case FieldType::kFixed64:
      return std::make_unique<FixedEncoder<arrow::UInt64Array>>(arrow::uint64());
    case FieldType::kInt32:
      return std::make_unique<VarintEncoder<arrow::Int32Array>>(arrow::int32());
    case FieldType::kSint32:
      return std::make_unique<ZigzagEncoder<arrow::Int32Array>>(arrow::int32());
    case FieldType::kSfixed32:
      return std::make_unique<FixedEncoder<arrow::Int32Array>>(arrow::int32());
    case FieldType::kUint32:
      return std::make_unique<VarintEncoder<arrow::UInt32Array>>(arrow::uint32());
    case FieldType::kFixed32:
      return std::make_unique<FixedEncoder<arrow::UInt32Array>>(arrow::uint32());
    case FieldType::kBool:
      return std::make_unique<VarintEncoder<arrow::BooleanArray>>(arrow::boolean());
    case FieldType::kString:
      return std::make_unique<BytesEncoder<arrow::StringArray>>(arrow::utf8(), true);
    case FieldType::kBytes:
      return std::make_unique<BytesEncoder<arrow::BinaryArray>>(arrow::binary(), false);
    case FieldType::kEnum:
      return std::make_unique<EnumEncoder>(arrow::utf8(), *field.enumeration);
    case FieldType::kMessage:
    case FieldType::kGroup:
      break;
  }
  return make_error(ErrorKind::kInternal, {}, "a message is no plain value");
}

Status check_type(const arrow::DataType& from, const arrow::DataType& to,
                  std::string_view name) {
  if (keeps_values(from, to)) return Status::OK();
  return make_error(ErrorKind::kSchemaMismatch, {},
                    fmt::format("{} cannot be written as {} ({}); CAST it in the SELECT",
                                type_name(from), name, type_name(to)));
}

}  // namespace

Made make_value_encoder(const FieldDescriptor& field,
                        const std::shared_ptr<arrow::DataType>& type) {
  if (field.type != FieldType::kMessage) {
    ARROW_RETURN_NOT_OK(
        check_type(*type, *type_of_plain(field.type),
                   field.enumeration ? field.enumeration->name : "the field's type"));
    return make_plain(field);
  }
  const MessageDescriptor& message = *field.message;
  switch (well_known(message)) {
    case WellKnown::kTimestamp: {
      const auto nanos = arrow::timestamp(arrow::TimeUnit::NANO, "UTC");
      ARROW_RETURN_NOT_OK(check_type(*type, *nanos, message.name));
      return std::make_unique<TimeEncoder>(nanos, /*is_duration=*/false);
    }
    case WellKnown::kDuration: {
      const auto nanos = arrow::duration(arrow::TimeUnit::NANO);
      ARROW_RETURN_NOT_OK(check_type(*type, *nanos, message.name));
      return std::make_unique<TimeEncoder>(nanos, /*is_duration=*/true);
    }
    case WellKnown::kWrapper: {
      ARROW_ASSIGN_OR_RAISE(auto wrapped,
                            make_value_encoder(message.fields.front(), type));
      return std::make_unique<WrapperEncoder>(std::move(wrapped));
    }
    case WellKnown::kNone:
      break;
  }
  if (type->id() == arrow::Type::STRUCT) {
    return MessageEncoder::make(message, type->fields());
  }
  return make_error(ErrorKind::kSchemaMismatch, {},
                    fmt::format("{} cannot be written as {}; a struct can",
                                type_name(*type), message.name));
}

}  // namespace velo::formats::protobuf
