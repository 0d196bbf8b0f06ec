#pragma once

/// Types that hold the values of two others.

#include <arrow/type.h>

#include <memory>

namespace velo {

/// The narrowest type that holds every value of both and loses nothing of it; nullptr
/// where there is none:
///
///     null, x                     x
///     integers                    the next that holds both; int64, uint64: decimal
///     integer, decimal            a decimal of at least 19 digits before the point;
///                                 uint64: of 20
///     decimals                    the same, and behind the point
///     integer, float, double      int16, float: float; int32, int64: double; not uint64
///     date, timestamp             none: a day is no moment
///     timestamps                  the finer unit; both with a zone (UTC where they
///                                 differ), or both without
///     times                       the finer unit
///     text, binary                the large one of the two
///     dictionary                  its values' type
///     structs                     all fields of both, by name
///     lists, maps                 of what their values have in common
///
/// Which of three meet first makes no difference. Not all int64 are a double, and a finer
/// unit reaches less far: a value that has no place is an error when it is brought there.
std::shared_ptr<arrow::DataType> common_type(
    const std::shared_ptr<arrow::DataType>& one,
    const std::shared_ptr<arrow::DataType>& other);

/// The type that two columns of text can both be read as, which were guessed to be of
/// these types: their common type, of 38 digits at most; a date and a timestamp: the
/// timestamp; else text, which keeps what is written.
std::shared_ptr<arrow::DataType> common_guess(
    const std::shared_ptr<arrow::DataType>& one,
    const std::shared_ptr<arrow::DataType>& other);

/// `type` with text for what is null in it throughout, or a struct without fields, also
/// inside lists and structs: of columns of text of which nothing is known.
std::shared_ptr<arrow::DataType> text_for_nothing(
    const std::shared_ptr<arrow::DataType>& type);

/// The same of all columns.
std::shared_ptr<arrow::Schema> text_for_nothing(const arrow::Schema& schema);

}  // namespace velo
