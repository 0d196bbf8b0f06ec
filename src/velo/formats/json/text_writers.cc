// Writers of what JSON says as a string: text, dates, times, timestamps, bytes.

#include <arrow/util/base64.h>
#include <fmt/format.h>

#include "velo/columnar/text_values.h"
#include "velo/formats/json/value_writer.h"

namespace velo::formats::json {
namespace {

template <typename Array>
class TextWriter : public ValueWriter {
  Status write_valid(int64_t row, TextBuffer& out) override {
    return out.put_quoted(array<Array>().GetView(row));
  }
};

template <typename Array>
class BinaryWriter : public ValueWriter {
  Status write_valid(int64_t row, TextBuffer& out) override {
    const std::string_view bytes(array<Array>().GetView(row));
    out.put('"');
    out.put(arrow::util::base64_encode(bytes));
    out.put('"');
    return Status::OK();
  }
};

// Write what `print(to)` does between quotes; it returns nullptr for a value out of
// range.
template <typename Value, typename Print>
Status put_printed(Value value, TextBuffer& out, Print print) {
  char* to = out.room(columnar::kMostTimestampBytes + 2);
  *to++ = '"';
  char* end = print(to);
  if (end == nullptr) {
    return make_error(ErrorKind::kSchemaMismatch, {},
                      fmt::format("the value {} is out of ISO 8601's range", value));
  }
  *end++ = '"';
  out.advance_to(end);
  return Status::OK();
}

class Date32Writer : public ValueWriter {
  Status write_valid(int64_t row, TextBuffer& out) override {
    const int32_t days = array<arrow::Date32Array>().Value(row);
    return put_printed(days, out,
                       [&](char* to) { return columnar::print_date(days, to); });
  }
};

class Date64Writer : public ValueWriter {
  Status write_valid(int64_t row, TextBuffer& out) override {
    constexpr int64_t kMillisPerDay = 86'400'000;
    const int64_t millis = array<arrow::Date64Array>().Value(row);
    return put_printed(millis, out, [&](char* to) -> char* {
      const int64_t days = millis / kMillisPerDay;
      const bool whole = millis % kMillisPerDay == 0 && std::in_range<int32_t>(days);
      return whole ? columnar::print_date(static_cast<int32_t>(days), to) : nullptr;
    });
  }
};

template <typename Array>
class TimeWriter : public ValueWriter {
 public:
  explicit TimeWriter(const arrow::DataType& type)
      : unit_(static_cast<const arrow::TimeType&>(type).unit()) {}

 private:
  Status write_valid(int64_t row, TextBuffer& out) override {
    const int64_t value = array<Array>().Value(row);
    return put_printed(value, out,
                       [&](char* to) { return columnar::print_time(value, unit_, to); });
  }

  const arrow::TimeUnit::type unit_;
};

class TimestampWriter : public ValueWriter {
 public:
  explicit TimestampWriter(const arrow::TimestampType& type)
      : unit_(type.unit()), zoned_(!type.timezone().empty()) {}

 private:
  Status write_valid(int64_t row, TextBuffer& out) override {
    const int64_t value = array<arrow::TimestampArray>().Value(row);
    return put_printed(value, out, [&](char* to) {
      return columnar::print_timestamp(value, unit_, zoned_, to);
    });
  }

  const arrow::TimeUnit::type unit_;
  const bool zoned_;
};

}  // namespace

std::unique_ptr<ValueWriter> make_text_writer(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRING:
      return std::make_unique<TextWriter<arrow::StringArray>>();
    case arrow::Type::LARGE_STRING:
      return std::make_unique<TextWriter<arrow::LargeStringArray>>();
    case arrow::Type::STRING_VIEW:
      return std::make_unique<TextWriter<arrow::StringViewArray>>();
    case arrow::Type::BINARY:
      return std::make_unique<BinaryWriter<arrow::BinaryArray>>();
    case arrow::Type::LARGE_BINARY:
      return std::make_unique<BinaryWriter<arrow::LargeBinaryArray>>();
    case arrow::Type::BINARY_VIEW:
      return std::make_unique<BinaryWriter<arrow::BinaryViewArray>>();
    case arrow::Type::FIXED_SIZE_BINARY:
      return std::make_unique<BinaryWriter<arrow::FixedSizeBinaryArray>>();
    case arrow::Type::DATE32:
      return std::make_unique<Date32Writer>();
    case arrow::Type::DATE64:
      return std::make_unique<Date64Writer>();
    case arrow::Type::TIME32:
      return std::make_unique<TimeWriter<arrow::Time32Array>>(type);
    case arrow::Type::TIME64:
      return std::make_unique<TimeWriter<arrow::Time64Array>>(type);
    case arrow::Type::TIMESTAMP:
      return std::make_unique<TimestampWriter>(
          static_cast<const arrow::TimestampType&>(type));
    default:
      return nullptr;
  }
}

}  // namespace velo::formats::json
