// Columns of timestamps that come as numbers.

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "velo/columnar/text_values.h"
#include "velo/formats/json/column_decoder.h"

namespace velo::formats::json {
namespace {

// How many digits a second has behind its point.
int digits_of(arrow::TimeUnit::type unit) { return 3 * static_cast<int>(unit); }
static_assert(arrow::TimeUnit::SECOND == 0 && arrow::TimeUnit::NANO == 3);

// The number, of as many units of 10^-digits; nullopt where these do not hold it.
std::optional<int64_t> units_of(std::string_view number, int digits) {
  const bool is_negative = number.starts_with('-');
  if (is_negative) number.remove_prefix(1);
  int64_t value = 0;
  std::optional<int> num_behind;  // the point
  for (const char c : number) {
    if (c == '.') {
      num_behind = 0;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;  // an exponent
    if (num_behind && *num_behind == digits) {
      if (c != '0') return std::nullopt;
      continue;
    }
    if (num_behind) ++*num_behind;
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_sub_overflow(value, c - '0', &value)) {
      return std::nullopt;
    }
  }
  for (int i = num_behind.value_or(0); i < digits; ++i) {
    if (__builtin_mul_overflow(value, 10, &value)) return std::nullopt;
  }
  if (is_negative) return value;
  if (value == std::numeric_limits<int64_t>::min()) return std::nullopt;
  return -value;
}

class EpochColumn : public FixedColumn<int64_t> {
 public:
  EpochColumn(const std::shared_ptr<arrow::DataType>& type, arrow::TimeUnit::type epoch)
      : FixedColumn(type),
        unit_(static_cast<const arrow::TimestampType&>(*type).unit()),
        has_zone_(!static_cast<const arrow::TimestampType&>(*type).timezone().empty()),
        shift_(digits_of(unit_) - digits_of(epoch)) {}

  bool decode(Cursor& cursor) override {
    const uint8_t c = cursor.peek();
    const int64_t offset = cursor.offset();
    if (c == '"') return decode_text(cursor);
    if (c != '-' && (c < '0' || c > '9')) return append_null_or_fail(cursor);
    std::string_view number;
    if (!cursor.take_number(number)) return false;
    std::optional<int64_t> value = units_of(number, std::max(shift_, 0));
    for (int i = shift_; value && i < 0; ++i) {
      value = *value % 10 == 0 ? std::optional(*value / 10) : std::nullopt;
    }
    return value ? append(cursor, *value)
                 : cursor.fail_type_at(offset, *type_, "is none of its units");
  }

 private:
  bool decode_text(Cursor& cursor) {
    const int64_t offset = cursor.offset();
    std::string_view text;
    if (!cursor.take_text(text, buffer_)) return false;
    int64_t value = 0;
    const char* const problem = columnar::parse_timestamp(text, unit_, has_zone_, &value);
    return problem ? cursor.fail_type_at(offset, *type_, problem) : append(cursor, value);
  }

  const arrow::TimeUnit::type unit_;
  const bool has_zone_;
  const int shift_;  // digits to be put behind a number, or to be taken away
  std::vector<uint8_t> buffer_;
};

}  // namespace

std::unique_ptr<ColumnDecoder> make_epoch_column(
    const std::shared_ptr<arrow::DataType>& type, arrow::TimeUnit::type epoch) {
  return std::make_unique<EpochColumn>(type, epoch);
}

}  // namespace velo::formats::json
