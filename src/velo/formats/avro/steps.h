#pragma once

/// The steps that programs are made of. What a step appends to outlives it.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "velo/formats/avro/columns.h"
#include "velo/formats/avro/run.h"
#include "velo/formats/avro/schema.h"

namespace velo::formats::avro {

using StepPtr = std::unique_ptr<Step>;

/// Read a value of a plain type into the column of another that holds it; where
/// `null_branch` is said, one of a union of the type and null, of which that is null's
/// number. Errors: kSchemaMismatch where the one cannot be read as the other.
Result<StepPtr> make_value_step(const Schema& written, const Schema& wanted,
                                Column& column, std::optional<int64_t> null_branch);

/// Read nothing, and append a null.
StepPtr make_null_step(Column& column);

/// Read an array.
StepPtr make_list_step(ListColumn& column, StepPtr item, bool items_take_bytes);

/// Read a map: keys and values of `entries`, which are the column's items.
StepPtr make_map_step(ListColumn& column, StepPtr value);

/// A step of a record; `field` names it in messages.
struct FieldStep {
  std::string field;
  StepPtr step;
};

/// Read a record: each of its fields, in the writer's order, and then those that only
/// the reader has.
StepPtr make_record_step(StructColumn& column, std::vector<FieldStep> fields);

/// Read a value into one field of a struct; the others are null.
StepPtr make_member_step(StructColumn& column, size_t member, StepPtr value);

/// Read the number of a branch, and the value by its step.
StepPtr make_union_step(std::vector<StepPtr> branches);

/// Read nothing, and append what these bytes hold.
StepPtr make_default_step(std::string bytes, StepPtr step);

/// Fail: a value that cannot be read is an error only where there is one.
StepPtr make_failing_step(std::string message);

/// Step over a value.
StepPtr make_skip(const Schema& written);

}  // namespace velo::formats::avro
