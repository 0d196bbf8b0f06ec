// Writers of dates, times and timestamps.

#include <fmt/format.h>

#include <utility>

#include "velo/columnar/text_values.h"
#include "velo/formats/value_writer.h"

namespace velo::formats {
namespace {

class StyledWriter : public ValueWriter {
 public:
  explicit StyledWriter(TimeStyle style) : style_(style) {}

 protected:
  // Append what `print(to)` writes; it returns nullptr for a value out of range.
  template <typename Print>
  Status put_printed(int64_t value, TextBuffer& out, Print print) const {
    char* to = out.room(columnar::kMostTimestampBytes + 2);
    if (style_.quoted) *to++ = '"';
    char* end = print(to);
    if (end == nullptr) {
      return make_error(ErrorKind::kSchemaMismatch, {},
                        fmt::format("the value {} is out of ISO 8601's range", value));
    }
    if (style_.quoted) *end++ = '"';
    out.advance_to(end);
    return Status::OK();
  }

  const TimeStyle style_;
};

class Date32Writer : public StyledWriter {
 public:
  using StyledWriter::StyledWriter;

 private:
  Status write(int64_t row, TextBuffer& out) override {
    const int32_t days = array<arrow::Date32Array>().Value(row);
    return put_printed(days, out,
                       [&](char* to) { return columnar::print_date(days, to); });
  }
};

class Date64Writer : public StyledWriter {
 public:
  using StyledWriter::StyledWriter;

 private:
  Status write(int64_t row, TextBuffer& out) override {
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
class TimeWriter : public StyledWriter {
 public:
  TimeWriter(const arrow::DataType& type, TimeStyle style)
      : StyledWriter(style), unit_(static_cast<const arrow::TimeType&>(type).unit()) {}

 private:
  Status write(int64_t row, TextBuffer& out) override {
    const int64_t value = array<Array>().Value(row);
    return put_printed(value, out,
                       [&](char* to) { return columnar::print_time(value, unit_, to); });
  }

  const arrow::TimeUnit::type unit_;
};

class TimestampWriter : public StyledWriter {
 public:
  TimestampWriter(const arrow::TimestampType& type, TimeStyle style)
      : StyledWriter(style), unit_(type.unit()), zoned_(!type.timezone().empty()) {}

 private:
  Status write(int64_t row, TextBuffer& out) override {
    constexpr ptrdiff_t kDateBytes = 10;
    const int64_t value = array<arrow::TimestampArray>().Value(row);
    return put_printed(value, out, [&](char* to) {
      char* end = columnar::print_timestamp(value, unit_, zoned_, to);
      if (end != nullptr) to[kDateBytes] = style_.separator;
      return end;
    });
  }

  const arrow::TimeUnit::type unit_;
  const bool zoned_;
};

}  // namespace

std::unique_ptr<ValueWriter> make_time_writer(const arrow::DataType& type,
                                              TimeStyle style) {
  switch (type.id()) {
    case arrow::Type::DATE32:
      return std::make_unique<Date32Writer>(style);
    case arrow::Type::DATE64:
      return std::make_unique<Date64Writer>(style);
    case arrow::Type::TIME32:
      return std::make_unique<TimeWriter<arrow::Time32Array>>(type, style);
    case arrow::Type::TIME64:
      return std::make_unique<TimeWriter<arrow::Time64Array>>(type, style);
    case arrow::Type::TIMESTAMP:
      return std::make_unique<TimestampWriter>(
          static_cast<const arrow::TimestampType&>(type), style);
    default:
      return nullptr;
  }
}

}  // namespace velo::formats
