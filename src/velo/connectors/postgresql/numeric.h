#pragma once

/// numeric in PostgreSQL's binary form:
///
///     numeric := num_digits:int16 weight:int16 sign:uint16 scale:int16 digit:int16 …
///
/// Each digit is one to base 10,000; the first is worth 10,000 to the power of the
/// weight. sign: 0 positive, 0x4000 negative, 0xC000 NaN, 0xD000 infinity, 0xF000
/// -infinity. 12.5 is 0002 0000 0000 0001 000C 1388. Source: PostgreSQL's numeric.c,
/// numeric_send.

#include <arrow/util/decimal.h>

#include <optional>
#include <string>
#include <string_view>

namespace velo::postgresql {

/// Append a decimal of this scale (0 or more).
void append_numeric(std::string& bytes, const arrow::Decimal128& value, int32_t scale);

/// Read a numeric as a decimal of this scale and at most this precision. nullopt where
/// the bytes are none, the value is not finite, or it does not fit.
std::optional<arrow::Decimal128> read_numeric(std::string_view bytes, int32_t precision,
                                              int32_t scale);

}  // namespace velo::postgresql
