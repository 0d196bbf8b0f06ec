#include "velo/formats/avro/value_steps.h"

#include <fmt/format.h>

namespace velo::formats::avro {
namespace {

bool is_number(Kind kind) {
  return kind == Kind::kBoolean || kind == Kind::kInt || kind == Kind::kLong ||
         kind == Kind::kFloat || kind == Kind::kDouble;
}

StepPtr make_plain(const Schema& written, const Schema& wanted, Column& column,
                   std::optional<int64_t> null) {
  if (wanted.logical == Logical::kDecimal) {
    return make_decimal_step(written, wanted, column, null);
  }
  return is_number(written.kind) ? make_number_step(written, wanted, column, null)
                                 : make_text_step(written, wanted, column, null);
}

// A day is no moment, and a millisecond no microsecond; but a plain number is either.
bool have_like_meanings(const Schema& written, const Schema& wanted) {
  const auto is_time = [](Logical logical) {
    return logical >= Logical::kDate && logical <= Logical::kZonedTimestamp;
  };
  return written.logical == wanted.logical || !is_time(written.logical) ||
         !is_time(wanted.logical);
}

}  // namespace

Result<StepPtr> make_value_step(const Schema& written, const Schema& wanted,
                                Column& column, std::optional<int64_t> null_branch) {
  if (have_like_meanings(written, wanted)) {
    if (auto step = make_plain(written, wanted, column, null_branch)) return step;
  }
  return make_error(ErrorKind::kSchemaMismatch, {},
                    fmt::format("what was written as {} cannot be read as {}",
                                to_string(written), to_string(wanted)));
}

}  // namespace velo::formats::avro
