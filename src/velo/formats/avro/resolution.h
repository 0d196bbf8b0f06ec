#pragma once

/// How what one schema wrote is read as another asks for. Source: Avro
/// specification 1.12, "Schema Resolution".

#include "velo/formats/avro/steps.h"

namespace velo::formats::avro {

/// Make the step that reads values of type `written` into a column of the type that
/// `wanted` has in Arrow (arrow_type_of):
///
///     int, long, float         wider numbers
///     string, bytes            each other
///     enum                     the symbols that are wanted, else their default; string
///     record                   fields by name or alias; else their default, which a
///     field
///                              that the writer lacks must have
///     union                    each branch by itself: a value of one that cannot be read
///                              is an error where it comes
///     a type                   the branch of a union that is the same, else the first
///                              that it can be read as
///
/// A name of a record, an enum or a fixed type must be the same, without its namespace,
/// or an alias; that of `wanted` may be empty, which is any. Numbers that mean a date or
/// a time are not read as those that mean another. Errors: kSchemaMismatch, naming the
/// field.
Result<StepPtr> resolve(const Schema& written, const Schema& wanted, Column& column);

}  // namespace velo::formats::avro
