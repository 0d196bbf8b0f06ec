#pragma once

/// PostgreSQL's types as Arrow's, and back. The table is in the folder's README.

#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <string>

#include "velo/connectors/postgresql/client.h"
#include "velo/error.h"

namespace velo::postgresql {

/// Numbers of pg_type. Source: PostgreSQL's catalog, pg_type.dat; they never change.
enum TypeNumber : uint32_t {
  kBool = 16,
  kBytea = 17,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kText = 25,
  kFloat4 = 700,
  kFloat8 = 701,
  kBpchar = 1042,
  kVarchar = 1043,
  kDate = 1082,
  kTimestamp = 1114,
  kTimestamptz = 1184,
  kNumeric = 1700,
};

/// The Arrow type whose values a column's are, bit for bit; nullptr where there is none,
/// and the column is read as its text.
std::shared_ptr<arrow::DataType> arrow_type_of(const ResultColumn& column);

/// The type that a table gets for a column of rows, in SQL: "numeric(12,2)".
/// Errors: kSchemaMismatch naming the column, for a type that has no counterpart yet.
Result<std::string> sql_type_of(const arrow::Field& field);

/// The SQL name of a column's type, for messages.
std::string name_of_type(const ResultColumn& column);

/// Precision and scale of a numeric column; false where it has none, or they are beyond
/// what Arrow's 128-bit decimals hold.
bool decimal_of(const ResultColumn& column, int32_t* precision, int32_t* scale);

}  // namespace velo::postgresql
