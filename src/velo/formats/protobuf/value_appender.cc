#include "velo/formats/protobuf/value_appender.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <fmt/format.h>

#include <bit>
#include <type_traits>
#include <utility>

#include "velo/base/utf8.h"
#include "velo/formats/protobuf/message_appender.h"
#include "velo/formats/protobuf/types.h"

namespace velo::formats::protobuf {
namespace {

// Numbers of less bits than a varint has are its lowest, as everywhere.
int32_t int32_of(uint64_t bits) { return static_cast<int32_t>(bits); }
uint32_t uint32_of(uint64_t bits) { return static_cast<uint32_t>(bits); }
int64_t int64_of(uint64_t bits) { return static_cast<int64_t>(bits); }
uint64_t uint64_of(uint64_t bits) { return bits; }
int32_t sint32_of(uint64_t bits) {
  return static_cast<int32_t>(zigzag_decoded(bits & 0xFFFFFFFF));
}
int64_t sint64_of(uint64_t bits) { return zigzag_decoded(bits); }
bool bool_of(uint64_t bits) { return bits != 0; }
float float_of(uint64_t bits) { return std::bit_cast<float>(uint32_of(bits)); }
double double_of(uint64_t bits) { return std::bit_cast<double>(bits); }

template <typename Builder, auto value_of, WireType kWire>
class NumberAppender : public ValueAppender {
 public:
  explicit NumberAppender(arrow::ArrayBuilder* builder)
      : builder_(static_cast<Builder*>(builder)) {}

  WireType wire() const override { return kWire; }
  bool append(const WireField& value, DecodeRun& run) override {
    return run.check(builder_->Append(value_of(value.value)));
  }
  uint64_t number_of(const WireField& value) const override {
    if constexpr (std::is_floating_point_v<decltype(value_of(value.value))>) {
      return value.value;
    } else {
      return static_cast<uint64_t>(value_of(value.value));
    }
  }

 private:
  Builder* const builder_;
};

class BytesAppender : public ValueAppender {
 public:
  explicit BytesAppender(arrow::ArrayBuilder* builder)
      : builder_(static_cast<arrow::BinaryBuilder*>(builder)) {}

  WireType wire() const override { return WireType::kBytes; }
  bool append(const WireField& value, DecodeRun& run) override {
    return run.check(builder_->Append(value.bytes));
  }

 private:
  arrow::BinaryBuilder* const builder_;
};

class TextAppender : public BytesAppender {
 public:
  using BytesAppender::BytesAppender;

  bool append(const WireField& value, DecodeRun& run) override {
    const size_t invalid = find_invalid_utf8(value.bytes);
    if (invalid == std::string_view::npos) return BytesAppender::append(value, run);
    return run.fail(fmt::format("the text is not UTF-8: byte {:#04x}",
                                static_cast<uint8_t>(value.bytes[invalid])));
  }
};

// A number without a name stands for itself: who has written it knows more values.
class EnumAppender : public ValueAppender {
 public:
  EnumAppender(const EnumDescriptor& names, arrow::ArrayBuilder* builder)
      : names_(names), builder_(static_cast<arrow::StringBuilder*>(builder)) {}

  WireType wire() const override { return WireType::kVarint; }
  bool is_known(const WireField& value) const override {
    return !names_.is_closed || names_.names.contains(int32_of(value.value));
  }
  bool append(const WireField& value, DecodeRun& run) override {
    const int32_t number = int32_of(value.value);
    const auto name = names_.names.find(number);
    return run.check(name != names_.names.end()
                         ? builder_->Append(name->second)
                         : builder_->Append(std::to_string(number)));
  }

 private:
  const EnumDescriptor names_;
  arrow::StringBuilder* const builder_;
};

// `seconds` = 1 and `nanos` = 2, of both kinds of time.
struct SecondsAndNanos {
  int64_t seconds = 0;
  int32_t nanos = 0;
};

bool read_time(std::string_view message, SecondsAndNanos* time, DecodeRun& run) {
  WireReader reader(message);
  WireField field;
  while (reader.next(&field)) {
    if (field.type != WireType::kVarint) continue;
    if (field.number == 1) time->seconds = int64_of(field.value);
    if (field.number == 2) time->nanos = int32_of(field.value);
  }
  return !reader.problem() || run.fail(reader.problem());
}

template <typename Builder>
class TimeAppender : public ValueAppender {
 public:
  static constexpr bool kIsDuration = std::is_same_v<Builder, arrow::DurationBuilder>;

  explicit TimeAppender(arrow::ArrayBuilder* builder)
      : builder_(static_cast<Builder*>(builder)) {}

  WireType wire() const override { return WireType::kBytes; }
  bool append(const WireField& value, DecodeRun& run) override {
    constexpr int64_t kNanosPerSecond = 1'000'000'000;
    SecondsAndNanos time;
    if (!read_time(value.bytes, &time, run)) return false;
    const int64_t least = kIsDuration ? 1 - kNanosPerSecond : 0;
    const bool signs_differ = kIsDuration && ((time.seconds > 0 && time.nanos < 0) ||
                                              (time.seconds < 0 && time.nanos > 0));
    if (time.nanos < least || time.nanos >= kNanosPerSecond || signs_differ) {
      return run.fail(fmt::format("{} nanos beside {} seconds are no time", time.nanos,
                                  time.seconds));
    }
    int64_t nanos = 0;
    if (__builtin_mul_overflow(time.seconds, kNanosPerSecond, &nanos) ||
        __builtin_add_overflow(nanos, int64_t{time.nanos}, &nanos)) {
      return run.fail(
          fmt::format("{} seconds are beyond what nanoseconds reach (years 1678 to 2262)",
                      time.seconds));
    }
    return run.check(builder_->Append(nanos));
  }

 private:
  Builder* const builder_;
};

// The wrapped value, `value` = 1, or its default.
class WrapperAppender : public ValueAppender {
 public:
  explicit WrapperAppender(std::unique_ptr<ValueAppender> wrapped)
      : wrapped_(std::move(wrapped)) {}

  WireType wire() const override { return WireType::kBytes; }
  bool append(const WireField& value, DecodeRun& run) override {
    WireReader reader(value.bytes);
    WireField last{.number = 1, .type = wrapped_->wire(), .value = 0, .bytes = {}};
    WireField field;
    while (reader.next(&field)) {
      if (field.number == 1 && field.type == wrapped_->wire()) last = field;
    }
    if (reader.problem()) return run.fail(reader.problem());
    return wrapped_->append(last, run);
  }

 private:
  const std::unique_ptr<ValueAppender> wrapped_;
};

using Made = Result<std::unique_ptr<ValueAppender>>;

template <typename Builder, auto value_of, WireType kWire>
Made make_number(arrow::ArrayBuilder* builder) {
  return std::make_unique<NumberAppender<Builder, value_of, kWire>>(builder);
}

Made make_message(const MessageDescriptor& message, arrow::ArrayBuilder* builder) {
  switch (well_known(message)) {
    case WellKnown::kTimestamp:
      return std::make_unique<TimeAppender<arrow::TimestampBuilder>>(builder);
    case WellKnown::kDuration:
      return std::make_unique<TimeAppender<arrow::DurationBuilder>>(builder);
    case WellKnown::kWrapper: {
      ARROW_ASSIGN_OR_RAISE(auto wrapped,
                            make_value_appender(message.fields.front(), builder));
      return std::make_unique<WrapperAppender>(std::move(wrapped));
    }
    case WellKnown::kNone:
      break;
  }
  return MessageAppender::make(message, builder);
}

}  // namespace

Made make_value_appender(const FieldDescriptor& field, arrow::ArrayBuilder* builder) {
  using enum WireType;
  switch (field.type) {
    case FieldType::kDouble:
      return make_number<arrow::DoubleBuilder, double_of, kFixed64>(builder);
    case FieldType::kFloat:
      return make_number<arrow::FloatBuilder, float_of, kFixed32>(builder);
    case FieldType::kInt64:
      return make_number<arrow::Int64Builder, int64_of, kVarint>(builder);
    case FieldType::kSint64:
      return make_number<arrow::Int64Builder, sint64_of, kVarint>(builder);
    case FieldType::kSfixed64:
      return make_number<arrow::Int64Builder, int64_of, kFixed64>(builder);
    case FieldType::kUint64:
      return make_number<arrow::UInt64Builder, uint64_of, kVarint>(builder);
    case FieldType::kFixed64:
      return make_number<arrow::UInt64Builder, uint64_of, kFixed64>(builder);
    case FieldType::kInt32:
      return make_number<arrow::Int32Builder, int32_of, kVarint>(builder);
    case FieldType::kSint32:
      return make_number<arrow::Int32Builder, sint32_of, kVarint>(builder);
    case FieldType::kSfixed32:
      return make_number<arrow::Int32Builder, int32_of, kFixed32>(builder);
    case FieldType::kUint32:
      return make_number<arrow::UInt32Builder, uint32_of, kVarint>(builder);
    case FieldType::kFixed32:
      return make_number<arrow::UInt32Builder, uint32_of, kFixed32>(builder);
    case FieldType::kBool:
      return make_number<arrow::BooleanBuilder, bool_of, kVarint>(builder);
    case FieldType::kString:
      return std::make_unique<TextAppender>(builder);
    case FieldType::kBytes:
      return std::make_unique<BytesAppender>(builder);
    case FieldType::kEnum:
      return std::make_unique<EnumAppender>(*field.enumeration, builder);
    case FieldType::kMessage:
      return make_message(*field.message, builder);
    case FieldType::kGroup:
      break;
  }
  return make_error(ErrorKind::kInternal, {}, "a group has no column");
}

}  // namespace velo::formats::protobuf
