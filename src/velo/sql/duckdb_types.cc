#include "velo/sql/duckdb_types.h"

#include <arrow/array/array_decimal.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include "velo/sql/duckdb_error.h"
#include "velo/sql/duckdb_handle.h"

namespace velo::sql {
namespace {

Status not_exported(std::string_view type) {
  return make_error(
      ErrorKind::kSchemaMismatch, {},
      fmt::format("{} cannot leave SQL as it is: CAST it to another type", type));
}

using Child = duckdb_logical_type (*)(duckdb_logical_type);

Status check_child(const DuckdbLibrary& library, duckdb_logical_type type, Child child) {
  const DuckdbHandle<duckdb_logical_type> inner(library.destroy_logical_type,
                                                child(type));
  return check_result_type(library, inner.get());
}

Status check_members(const DuckdbLibrary& library, duckdb_logical_type type) {
  for (idx_t i = 0; i < library.struct_type_child_count(type); ++i) {
    const DuckdbHandle<duckdb_logical_type> member(
        library.destroy_logical_type, library.struct_type_child_type(type, i));
    ARROW_RETURN_NOT_OK(check_result_type(library, member.get()));
  }
  return Status::OK();
}

}  // namespace

Status check_result_type(const DuckdbLibrary& library, duckdb_logical_type type) {
  switch (library.get_type_id(type)) {
    case DUCKDB_TYPE_TIME_TZ:
      return not_exported("TIME WITH TIME ZONE");
    case DUCKDB_TYPE_TIME_NS:
      return not_exported("TIME_NS");
    case DUCKDB_TYPE_BIT:
      return not_exported("BIT");
    case DUCKDB_TYPE_BIGNUM:
      return not_exported("BIGNUM");
    case DUCKDB_TYPE_UHUGEINT:
      return not_exported("UHUGEINT");
    case DUCKDB_TYPE_UNION:
      return not_exported("UNION");
    case DUCKDB_TYPE_LIST:
      return check_child(library, type, library.list_type_child_type);
    case DUCKDB_TYPE_ARRAY:
      return check_child(library, type, library.array_type_child_type);
    case DUCKDB_TYPE_MAP:
      ARROW_RETURN_NOT_OK(check_child(library, type, library.map_type_key_type));
      return check_child(library, type, library.map_type_value_type);
    case DUCKDB_TYPE_STRUCT:
      return check_members(library, type);
    default:
      return Status::OK();
  }
}

Status check_large_numbers(const arrow::Array& column) {
  constexpr int32_t kMostDigits = 38;
  if (column.type_id() != arrow::Type::DECIMAL128) return Status::OK();
  const auto& numbers = static_cast<const arrow::Decimal128Array&>(column);
  const auto& type = static_cast<const arrow::Decimal128Type&>(*column.type());
  if (type.precision() != kMostDigits || type.scale() != 0) return Status::OK();
  for (int64_t i = 0; i < numbers.length(); ++i) {
    const arrow::Decimal128 number(numbers.GetValue(i));
    if (numbers.IsNull(i) || number.FitsInPrecision(kMostDigits)) continue;
    return make_error(
        ErrorKind::kCorruptData, {},
        fmt::format("{} has more than {} digits", number.ToIntegerString(), kMostDigits));
  }
  return Status::OK();
}

Status check_conversion(const DuckdbLibrary& library, duckdb_error_data error) {
  if (error == nullptr) return Status::OK();
  Status status;
  if (library.error_data_has_error(error)) {
    status = make_error(ErrorKind::kSchemaMismatch, {},
                        "DuckDB: " + duckdb_message(library.error_data_message(error)));
  }
  library.destroy_error_data(&error);
  return status;
}

}  // namespace velo::sql
