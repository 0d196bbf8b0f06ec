#include "velo/connectors/iceberg/column_plan.h"

#include <arrow/compute/cast.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

namespace velo::iceberg {
namespace {

Status mismatch(const std::string& table, std::string message) {
  return make_error(ErrorKind::kSchemaMismatch,
                    {.connector = "iceberg", .resource = table}, std::move(message));
}

// How many bits a whole number of this type can have without its sign; 0 for others.
int bits_of(const arrow::DataType& type) {
  if (!arrow::is_integer(type.id())) return 0;
  const int bits = static_cast<const arrow::FixedWidthType&>(type).bit_width();
  return arrow::is_signed_integer(type.id()) ? bits - 1 : bits;
}

bool holds_decimal(const arrow::DataType& from, const arrow::DataType& to) {
  const auto& narrow = static_cast<const arrow::DecimalType&>(from);
  const auto& wide = static_cast<const arrow::DecimalType&>(to);
  return wide.scale() >= narrow.scale() &&
         wide.precision() - wide.scale() >= narrow.precision() - narrow.scale();
}

bool holds_time(const arrow::DataType& from, const arrow::DataType& to) {
  if (from.id() != arrow::Type::TIMESTAMP) return true;
  const auto& given = static_cast<const arrow::TimestampType&>(from);
  const auto& held = static_cast<const arrow::TimestampType&>(to);
  return given.unit() <= held.unit() &&
         given.timezone().empty() == held.timezone().empty();
}

// Whether every value of a type fits another. Files have few types.
bool holds(const arrow::DataType& from, const arrow::DataType& to) {
  if (from.Equals(to)) return true;
  if (from.id() == arrow::Type::DICTIONARY) {
    return holds(*static_cast<const arrow::DictionaryType&>(from).value_type(), to);
  }
  using arrow::Type;
  switch (to.id()) {
    case Type::INT32:
    case Type::INT64:
      return bits_of(from) > 0 && bits_of(from) <= bits_of(to);
    case Type::FLOAT:
      return from.id() == Type::HALF_FLOAT;
    case Type::DOUBLE:
      return from.id() == Type::FLOAT || from.id() == Type::HALF_FLOAT ||
             (bits_of(from) > 0 && bits_of(from) <= 32);
    case Type::DECIMAL128:
      return arrow::is_decimal(from.id()) && holds_decimal(from, to);
    case Type::DATE32:
      return from.id() == Type::DATE64;
    case Type::TIME64:
      return from.id() == Type::TIME32;
    case Type::TIMESTAMP:
      return from.id() == Type::TIMESTAMP && holds_time(from, to);
    case Type::STRING:
      return from.id() == Type::LARGE_STRING || from.id() == Type::STRING_VIEW;
    case Type::BINARY:
      return from.id() == Type::LARGE_BINARY || from.id() == Type::BINARY_VIEW ||
             from.id() == Type::FIXED_SIZE_BINARY;
    default:
      return false;
  }
}

Result<std::shared_ptr<arrow::Field>> field_for(const std::string& table,
                                                const Column& column,
                                                const arrow::Field& given) {
  ARROW_ASSIGN_OR_RAISE(auto type, arrow_type_of(column));
  // Parquet would not say that it is one.
  const bool is_uuid = column.type == "uuid";
  if (is_uuid || !holds(*given.type(), *type)) {
    return mismatch(table,
                    fmt::format("column '{}': {} does not go into {} without "
                                "loss; CAST it in the SELECT",
                                column.name, given.type()->ToString(), column.type));
  }
  return arrow::field(
      column.name, std::move(type), !column.is_required,
      arrow::key_value_metadata({kFieldIdKey}, {std::to_string(column.id)}));
}

std::vector<std::string> names_of(const TableSchema& schema) {
  std::vector<std::string> names;
  for (const Column& column : schema.columns) names.push_back(column.name);
  return names;
}

}  // namespace

Result<ColumnPlan> ColumnPlan::make(const std::string& table, const TableSchema& schema,
                                    const arrow::Schema& rows) {
  ColumnPlan plan;
  plan.table_ = table;
  std::set<int> given;
  arrow::FieldVector fields;
  for (int i = 0; i < rows.num_fields(); ++i) {
    const arrow::Field& field = *rows.field(i);
    const Column* column = schema.find(field.name());
    if (column == nullptr) {
      return mismatch(
          table, fmt::format("there is no column '{}'; the columns are {}", field.name(),
                             fmt::join(names_of(schema), ", ")));
    }
    if (!given.insert(column->id).second) {
      return mismatch(table,
                      fmt::format("two columns of the rows go into '{}'", column->name));
    }
    ARROW_ASSIGN_OR_RAISE(auto made, field_for(table, *column, field));
    fields.push_back(std::move(made));
    plan.places_.push_back(i);
  }
  for (const Column& column : schema.columns) {
    if (!column.is_required || given.contains(column.id)) continue;
    return mismatch(
        table, fmt::format("column '{}' is required, and the rows lack it", column.name));
  }
  plan.file_schema_ = arrow::schema(std::move(fields));
  return plan;
}

Result<std::shared_ptr<arrow::RecordBatch>> ColumnPlan::convert(
    const arrow::RecordBatch& rows) const {
  arrow::ArrayVector columns;
  for (size_t i = 0; i < places_.size(); ++i) {
    const arrow::Field& field = *file_schema_->field(static_cast<int>(i));
    auto column = rows.column(places_[i]);
    if (!column->type()->Equals(*field.type())) {
      const auto cast = arrow::compute::Cast(*column, field.type());
      if (!cast.ok()) {
        return mismatch(table_, fmt::format("column '{}': {}", field.name(),
                                            cast.status().message()));
      }
      column = *cast;
    }
    if (!field.nullable() && column->null_count() > 0) {
      return mismatch(table_, fmt::format("column '{}' is required, and a row has NULL",
                                          field.name()));
    }
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(file_schema_, rows.num_rows(), std::move(columns));
}

}  // namespace velo::iceberg
