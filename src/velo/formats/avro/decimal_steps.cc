// Steps that read decimals.

#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include "velo/formats/avro/value_steps.h"

namespace velo::formats::avro {
namespace {

// Big-endian, in two's complement: `num_bytes` of a fixed type, or those that the bytes
// say.
template <typename Decimal>
struct DecimalReader {
  FixedColumn<Decimal>* column;
  int64_t num_bytes;  // -1: bytes
  int32_t precision;

  const uint8_t* read(const uint8_t* p, Run& run) {
    int64_t size = num_bytes;
    const uint8_t* bytes = num_bytes < 0 ? run.read_size(p, &size) : p;
    if (bytes == nullptr) return nullptr;
    if (run.end - bytes < size) return run.ends_early(p);
    const uint8_t* next = bytes + size;
    if (size == 0) return run.fail(p, "a decimal has no bytes");
    // What only says the sign once more.
    constexpr auto kWidth = static_cast<int64_t>(sizeof(Decimal));
    const uint8_t sign = (*bytes & 0x80) ? 0xFF : 0;
    while (size > kWidth && bytes[0] == sign && (bytes[1] & 0x80) == (sign & 0x80)) {
      ++bytes;
      --size;
    }
    const auto value = Decimal::FromBigEndian(bytes, static_cast<int32_t>(size));
    if (!value.ok() || !value->FitsInPrecision(precision)) {
      return run.fail(p, fmt::format("a decimal has more than {} digits", precision));
    }
    return no_memory(column->append(*value, run), next);
  }
};

}  // namespace

StepPtr make_decimal_step(const Schema& written, const Schema& wanted, Column& column,
                          std::optional<int64_t> null) {
  if (written.logical != Logical::kDecimal || written.scale != wanted.scale ||
      written.precision > wanted.precision) {
    return nullptr;
  }
  const int64_t num_bytes = written.kind == Kind::kFixed ? written.num_bytes : -1;
  if (column.type()->id() == arrow::Type::DECIMAL128) {
    return make_step(DecimalReader<arrow::Decimal128>{fixed<arrow::Decimal128>(column),
                                                      num_bytes, written.precision},
                     null);
  }
  return make_step(DecimalReader<arrow::Decimal256>{fixed<arrow::Decimal256>(column),
                                                    num_bytes, written.precision},
                   null);
}

}  // namespace velo::formats::avro
