// Steps that read numbers, booleans and times of day.

#include <fmt/format.h>

#include <cstring>

#include "velo/formats/avro/value_steps.h"

namespace velo::formats::avro {
namespace {

// Of int (Wire is int32_t) and long, into a number that is as wide, or wider.
template <typename Wire, typename T>
struct IntegerReader {
  FixedColumn<T>* column;

  const uint8_t* read(const uint8_t* p, Run& run) {
    int64_t value = 0;
    const uint8_t* next = run.read(p, &value);
    if (next == nullptr) return nullptr;
    if constexpr (sizeof(Wire) < sizeof(int64_t)) {
      if (value != static_cast<Wire>(value)) {
        return run.fail(p, fmt::format("an int is {}", value));
      }
    }
    return no_memory(column->append(static_cast<T>(value), run), next);
  }
};

// Of a time of day, in units of which a day has so many.
template <typename T>
struct TimeReader {
  FixedColumn<T>* column;
  int64_t units_of_day;

  const uint8_t* read(const uint8_t* p, Run& run) {
    int64_t value = 0;
    const uint8_t* next = run.read(p, &value);
    if (next == nullptr) return nullptr;
    if (value < 0 || value >= units_of_day) {
      return run.fail(p, fmt::format("a time of day is {}", value));
    }
    return no_memory(column->append(static_cast<T>(value), run), next);
  }
};

template <typename Wire, typename T>
struct FloatReader {
  FixedColumn<T>* column;

  const uint8_t* read(const uint8_t* p, Run& run) {
    constexpr auto kBytes = static_cast<int64_t>(sizeof(Wire));
    if (run.end - p < kBytes) return run.ends_early(p);
    Wire value;
    std::memcpy(&value, p, sizeof(Wire));
    return no_memory(column->append(static_cast<T>(value), run), p + kBytes);
  }
};

struct BooleanReader {
  BooleanColumn* column;

  const uint8_t* read(const uint8_t* p, Run& run) {
    if (p >= run.end) return run.ends_early(p);
    if (*p > 1) return run.fail(p, fmt::format("a boolean is {}", *p));
    return no_memory(column->append(*p, run), p + 1);
  }
};

template <typename Wire>
StepPtr make_integer_step(Kind wanted, Column& column, std::optional<int64_t> null) {
  switch (wanted) {
    case Kind::kInt:
      return make_step(IntegerReader<Wire, int32_t>{fixed<int32_t>(column)}, null);
    case Kind::kLong:
      return make_step(IntegerReader<Wire, int64_t>{fixed<int64_t>(column)}, null);
    case Kind::kFloat:
      return make_step(IntegerReader<Wire, float>{fixed<float>(column)}, null);
    case Kind::kDouble:
      return make_step(IntegerReader<Wire, double>{fixed<double>(column)}, null);
    default:
      return nullptr;
  }
}

StepPtr make_float_step(const Schema& written, Kind wanted, Column& column,
                        std::optional<int64_t> null) {
  if (wanted == Kind::kFloat && written.kind == Kind::kFloat) {
    return make_step(FloatReader<float, float>{fixed<float>(column)}, null);
  }
  if (wanted != Kind::kDouble) return nullptr;
  auto* doubles = fixed<double>(column);
  if (written.kind == Kind::kFloat) {
    return make_step(FloatReader<float, double>{doubles}, null);
  }
  return make_step(FloatReader<double, double>{doubles}, null);
}

StepPtr make_time_step(const Schema& written, const Schema& wanted, Column& column,
                       std::optional<int64_t> null) {
  constexpr int64_t kMillisOfDay = int64_t{24} * 60 * 60 * 1000;
  const bool is_integer = written.kind == Kind::kInt || written.kind == Kind::kLong;
  if (!is_integer || (written.kind == Kind::kLong && wanted.kind == Kind::kInt)) {
    return nullptr;
  }
  if (wanted.kind == Kind::kInt) {
    return make_step(TimeReader<int32_t>{fixed<int32_t>(column), kMillisOfDay}, null);
  }
  const int64_t per_milli = wanted.logical == Logical::kTimeNanos ? 1'000'000 : 1000;
  return make_step(TimeReader<int64_t>{fixed<int64_t>(column), kMillisOfDay * per_milli},
                   null);
}

}  // namespace

StepPtr make_number_step(const Schema& written, const Schema& wanted, Column& column,
                         std::optional<int64_t> null) {
  if (wanted.logical >= Logical::kTimeMillis && wanted.logical <= Logical::kTimeNanos) {
    return make_time_step(written, wanted, column, null);
  }
  switch (written.kind) {
    case Kind::kInt:
      return make_integer_step<int32_t>(wanted.kind, column, null);
    case Kind::kLong:
      if (wanted.kind == Kind::kInt) return nullptr;
      return make_integer_step<int64_t>(wanted.kind, column, null);
    case Kind::kFloat:
    case Kind::kDouble:
      return make_float_step(written, wanted.kind, column, null);
    case Kind::kBoolean:
      if (wanted.kind != Kind::kBoolean) return nullptr;
      return make_step(BooleanReader{static_cast<BooleanColumn*>(&column)}, null);
    default:
      return nullptr;
  }
}

}  // namespace velo::formats::avro
