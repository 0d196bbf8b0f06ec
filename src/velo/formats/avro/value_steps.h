#pragma once

/// Steps that read values which are not nested, by families; steps.h has what they make.

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <utility>

#include "velo/formats/avro/steps.h"

namespace velo::formats::avro {

/// What follows a value, where it could be appended.
inline const uint8_t* no_memory(bool done, const uint8_t* next) {
  return done ? next : nullptr;
}

/// The kinds differ in read() alone: it reads a value, and appends it.
template <typename Reader>
class PlainStep final : public Step {
 public:
  explicit PlainStep(Reader reader) : reader_(std::move(reader)) {}
  const uint8_t* run(const uint8_t* p, Run& run) override { return reader_.read(p, run); }

 private:
  Reader reader_;
};

/// The same of ["null", T] and [T, "null"], which most columns are.
template <typename Reader>
class NullableStep final : public Step {
 public:
  NullableStep(Reader reader, int64_t null_branch)
      : reader_(std::move(reader)), null_branch_(null_branch) {}

  const uint8_t* run(const uint8_t* p, Run& run) override {
    int64_t branch = 0;
    const uint8_t* next = run.read(p, &branch);
    if (next == nullptr) return nullptr;
    if (branch == 1 - null_branch_) return reader_.read(next, run);
    if (branch == null_branch_) return no_memory(reader_.column->append_null(run), next);
    return run.fail(p, fmt::format("a union of 2 types has no type {}", branch));
  }

 private:
  Reader reader_;
  const int64_t null_branch_;
};

/// A step of one, or of the other where `null_branch` says the number of null's branch.
template <typename Reader>
StepPtr make_step(Reader reader, std::optional<int64_t> null_branch) {
  if (!null_branch) return std::make_unique<PlainStep<Reader>>(std::move(reader));
  return std::make_unique<NullableStep<Reader>>(std::move(reader), *null_branch);
}

/// The column of values of this width.
template <typename T>
FixedColumn<T>* fixed(Column& column) {
  return static_cast<FixedColumn<T>*>(&column);
}

/// The families; nullptr for what is of another, or cannot be read so.
StepPtr make_number_step(const Schema& written, const Schema& wanted, Column& column,
                         std::optional<int64_t> null_branch);
StepPtr make_decimal_step(const Schema& written, const Schema& wanted, Column& column,
                          std::optional<int64_t> null_branch);
StepPtr make_text_step(const Schema& written, const Schema& wanted, Column& column,
                       std::optional<int64_t> null_branch);

}  // namespace velo::formats::avro
