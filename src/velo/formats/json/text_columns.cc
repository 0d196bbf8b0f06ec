// Columns of text, and of what JSON can only say as text: dates, times, timestamps.

#include "velo/base/parse_number.h"
#include "velo/columnar/text_values.h"
#include "velo/formats/json/column_decoder.h"

namespace velo::formats::json {
namespace {

// Copy eight bytes at a time, up to seven too many. Whether a backslash may be among
// them.
inline bool copy_and_look(const Cursor::RawString& from, uint8_t* to) {
  uint64_t found = 0;
  for (const uint8_t* p = from.begin; p < from.end; p += 8, to += 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    std::memcpy(to, &word, 8);
    found |= bytes_that_are(word, '\\');
  }
  return found != 0;
}

// Strings by what they say; any other value by its JSON, so that a column of many kinds
// loses nothing.
template <typename Offset>
class TextColumn : public ColumnDecoder {
 public:
  using ColumnDecoder::ColumnDecoder;

  bool decode(Cursor& cursor) override {
    if (cursor.peek() != '"') return decode_other(cursor);
    const Cursor::RawString raw = cursor.take_string();
    if (!room(cursor, raw.size())) return false;
    uint8_t* const to = text_.data() + size_;
    uint8_t* end = to + raw.size();
    if (copy_and_look(raw, to) && !cursor.unescape(raw, to, &end)) return false;
    append(end - to);
    return true;
  }

  bool append_null(Cursor& cursor) override {
    if (!room(cursor, 0)) return false;
    append(0);
    --num_rows_;
    return add_null(cursor);
  }

  Result<std::shared_ptr<arrow::ArrayData>> finish() override {
    ARROW_RETURN_NOT_OK(grow_offsets());
    offsets()[num_rows_] = static_cast<Offset>(size_);
    const int64_t bytes = (num_rows_ + 1) * static_cast<int64_t>(sizeof(Offset));
    ARROW_ASSIGN_OR_RAISE(auto ends, offsets_.finish(bytes));
    ARROW_ASSIGN_OR_RAISE(auto text, text_.finish(std::exchange(size_, 0)));
    max_rows_ = 0;
    return finish_array({std::move(ends), std::move(text)});
  }

  void reset() override {
    ColumnDecoder::reset();
    size_ = 0;
  }

 private:
  bool decode_other(Cursor& cursor) {
    if (cursor.peek() == 'n') return cursor.take_null() && append_null(cursor);
    std::string_view raw;
    if (!cursor.skip_value(raw)) return false;
    const auto size = static_cast<int64_t>(raw.size());
    if (!room(cursor, size)) return false;
    std::memcpy(text_.data() + size_, raw.data(), raw.size());
    append(size);
    return true;
  }

  Offset* offsets() { return reinterpret_cast<Offset*>(offsets_.data()); }

  void append(int64_t size) {
    offsets()[num_rows_++] = static_cast<Offset>(size_);
    size_ += size;
  }

  bool room(Cursor& cursor, int64_t size) {
    if (num_rows_ < max_rows_ && size_ + size + kPadding <= text_.capacity_bytes()) {
      return true;
    }
    const Status status = grow_offsets() & text_.grow(size_ + size + kPadding);
    return status.ok() || cursor.fail_status(status);
  }

  Status grow_offsets() {
    constexpr auto kWidth = static_cast<int64_t>(sizeof(Offset));
    ARROW_RETURN_NOT_OK(offsets_.grow((num_rows_ + 2) * kWidth));
    max_rows_ = offsets_.capacity_bytes() / kWidth - 1;
    return Status::OK();
  }

  ColumnBuffer offsets_;
  ColumnBuffer text_;
  int64_t size_ = 0;  // of the text
  int64_t max_rows_ = 0;
};

// What is wrong with a date or a time of so many units, which a text could not be;
// nullptr for nothing.
const char* check_units(int64_t value, const arrow::DataType& type) {
  constexpr const char* kNoYear = "is in no year from 0000 to 9999";
  char text[columnar::kMostTimestampBytes];
  switch (type.id()) {
    case arrow::Type::DATE32:
      return columnar::print_date(static_cast<int32_t>(value), text) ? nullptr : kNoYear;
    case arrow::Type::DATE64:
      return columnar::print_timestamp(value, arrow::TimeUnit::MILLI, false, text)
                 ? nullptr
                 : kNoYear;
    case arrow::Type::TIMESTAMP: {
      const auto unit = static_cast<const arrow::TimestampType&>(type).unit();
      return columnar::print_timestamp(value, unit, false, text) ? nullptr : kNoYear;
    }
    default: {
      const auto unit = static_cast<const arrow::TimeType&>(type).unit();
      return columnar::print_time(value, unit, text) ? nullptr : "is no time of a day";
    }
  }
}

// A value read from text by `parse(text, type, &value)`, which says what is wrong; where
// it is asked for, also from the number of its units.
template <typename T, const char* (*parse)(std::string_view, const arrow::DataType&, T*)>
class ParsedColumn : public FixedColumn<T> {
 public:
  ParsedColumn(const std::shared_ptr<arrow::DataType>& type, bool takes_numbers)
      : FixedColumn<T>(type), takes_numbers_(takes_numbers) {}

  bool decode(Cursor& cursor) override {
    if (cursor.peek() != '"') return decode_other(cursor);
    const int64_t offset = cursor.offset();
    std::string_view text;
    if (!cursor.take_text(text, buffer_)) return false;
    T value{};
    if (const char* problem = parse(text, *this->type_, &value)) {
      return cursor.fail_type_at(offset, *this->type_, problem);
    }
    return this->append(cursor, value);
  }

 private:
  bool decode_other(Cursor& cursor) {
    const uint8_t c = cursor.peek();
    const bool is_number = c == '-' || (c >= '0' && c <= '9');
    if (!takes_numbers_ || !is_number) return this->append_null_or_fail(cursor);
    const int64_t offset = cursor.offset();
    std::string_view raw;
    if (!cursor.take_number(raw)) return false;
    const auto value = parse_number<T>(raw);
    const char* const problem =
        value ? check_units(*value, *this->type_) : "is not a number of its units";
    return problem ? cursor.fail_type_at(offset, *this->type_, problem)
                   : this->append(cursor, *value);
  }

  const bool takes_numbers_;
  std::vector<uint8_t> buffer_;
};

const char* parse_date32(std::string_view text, const arrow::DataType&, int32_t* days) {
  return columnar::parse_date(text, days);
}

const char* parse_date64(std::string_view text, const arrow::DataType&, int64_t* millis) {
  constexpr int64_t kMillisPerDay = 86'400'000;
  int32_t days = 0;
  const char* problem = columnar::parse_date(text, &days);
  *millis = days * kMillisPerDay;
  return problem;
}

const char* parse_time64(std::string_view text, const arrow::DataType& type,
                         int64_t* value) {
  return columnar::parse_time(text, static_cast<const arrow::TimeType&>(type).unit(),
                              value);
}

const char* parse_time32(std::string_view text, const arrow::DataType& type,
                         int32_t* value) {
  int64_t wide = 0;
  const char* problem = parse_time64(text, type, &wide);
  *value = static_cast<int32_t>(wide);
  return problem;
}

const char* parse_timestamp(std::string_view text, const arrow::DataType& type,
                            int64_t* value) {
  const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
  return columnar::parse_timestamp(text, timestamp.unit(), !timestamp.timezone().empty(),
                                   value);
}

std::unique_ptr<ColumnDecoder> make_time_column(
    const std::shared_ptr<arrow::DataType>& type, bool takes_numbers) {
  switch (type->id()) {
    case arrow::Type::DATE32:
      return std::make_unique<ParsedColumn<int32_t, parse_date32>>(type, takes_numbers);
    case arrow::Type::DATE64:
      return std::make_unique<ParsedColumn<int64_t, parse_date64>>(type, takes_numbers);
    case arrow::Type::TIME32:
      return std::make_unique<ParsedColumn<int32_t, parse_time32>>(type, takes_numbers);
    case arrow::Type::TIME64:
      return std::make_unique<ParsedColumn<int64_t, parse_time64>>(type, takes_numbers);
    case arrow::Type::TIMESTAMP:
      return std::make_unique<ParsedColumn<int64_t, parse_timestamp>>(type,
                                                                      takes_numbers);
    default:
      return nullptr;
  }
}

}  // namespace

std::unique_ptr<ColumnDecoder> make_connect_time_column(
    const std::shared_ptr<arrow::DataType>& type) {
  return make_time_column(type, /*takes_numbers=*/true);
}

std::unique_ptr<ColumnDecoder> make_text_column(
    const std::shared_ptr<arrow::DataType>& type) {
  switch (type->id()) {
    case arrow::Type::STRING:
      return std::make_unique<TextColumn<int32_t>>(type);
    case arrow::Type::LARGE_STRING:
      return std::make_unique<TextColumn<int64_t>>(type);
    default:
      return make_time_column(type, /*takes_numbers=*/false);
  }
}

}  // namespace velo::formats::json
