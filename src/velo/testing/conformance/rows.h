#pragma once

/// The rows that the suites write, and how they are told to be the same.

#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace velo::testing {

using Rows = std::shared_ptr<arrow::RecordBatch>;

/// A type of a column that is written, and the type that it is read as; nullptr where a
/// sink refuses it by the column's name, or where it is not tried.
struct TypeTrip {
  std::shared_ptr<arrow::DataType> written;
  std::shared_ptr<arrow::DataType> read;
  std::string not_tried = {};  ///< why
};

/// Whose dates are tried.
struct Years {
  int first = 1;
  int last = 9999;
};

/// bool, all integers, floats, decimals, text, bytes, dates and times, as they are.
std::vector<TypeTrip> all_types();

/// The same with some of them read as another, refused, or not tried.
std::vector<TypeTrip> all_types_but(const std::vector<TypeTrip>& others);

/// `id`, by which a row is known, and `name`, a text.
std::shared_ptr<arrow::Schema> named_schema();
/// So many of them, by id from `first_id`.
Rows named_rows(int64_t first_id, int64_t num_rows);
/// None of them.
Rows no_rows();
/// `id` and 199 columns more, every other one a text.
Rows wide_rows(int64_t num_rows);

/// About a mebibyte of rows that cannot be compressed, as named_schema() has them.
Rows random_rows();

/// Which of a trip's two types.
enum class TripEnd : int8_t { kWritten, kRead };

/// Each type's least and largest values, odd ones, and NULL: a column for each type that
/// is not refused, `c0_int64`, beside `id`.
Rows rows_at_limits(const std::vector<TypeTrip>& types, TripEnd end, Years years);

/// Whether these are the rows, each once, in any order: a row of `expected` is found by
/// its id, and columns by their names. More columns are let be.
::testing::AssertionResult same_rows(const std::vector<Rows>& seen, const Rows& expected);

/// The ids, in the order seen.
std::vector<int64_t> ids_of(const std::vector<Rows>& seen);

/// Rows of several batches of one schema, in one. `schema` is that of none.
Rows concatenate(const std::vector<Rows>& batches,
                 const std::shared_ptr<arrow::Schema>& schema);

}  // namespace velo::testing
