#include "velo/formats/parquet/row_group_filter.h"

#include <arrow/compute/api_scalar.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/compute/initialize.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/statistics.h>

#include <cmath>
#include <memory>
#include <utility>

namespace velo::formats {
namespace {

using Operator = Comparison::Operator;

// A comparison, and the column chunk that it looks at.
struct Term {
  Comparison comparison;
  std::shared_ptr<arrow::DataType> type;
  int leaf = 0;
};

std::vector<Term> terms_of(const parquet::arrow::FileReader& reader,
                           const arrow::Schema& schema,
                           const std::vector<Comparison>& predicate) {
  std::vector<Term> terms;
  for (const Comparison& comparison : predicate) {
    const int index = schema.GetFieldIndex(comparison.column);
    if (index < 0) continue;
    const auto& field = reader.manifest().schema_fields[static_cast<size_t>(index)];
    if (!field.is_leaf()) continue;
    terms.push_back({comparison, schema.field(index)->type(), field.column_index});
  }
  return terms;
}

// Whether a comparison is certain; false where it cannot be made.
bool is_certain(const char* function, const std::shared_ptr<arrow::Scalar>& left,
                const std::shared_ptr<arrow::Scalar>& right) {
  const auto holds = arrow::compute::CallFunction(function, {left, right});
  if (!holds.ok() || !holds->is_scalar() || !holds->scalar()->is_valid) return false;
  return holds->scalar_as<arrow::BooleanScalar>().value;
}

bool is_number(arrow::Type::type type) {
  return arrow::is_integer(type) || arrow::is_floating(type) || arrow::is_decimal(type);
}

// Whether values of the two are in the same order: numbers are in another as text.
bool are_ordered_alike(arrow::Type::type one, arrow::Type::type other) {
  return one == other || (is_number(one) && is_number(other)) ||
         (arrow::is_string(one) && arrow::is_string(other));
}

// The value in the column's type; nullptr where it is not exactly one of those.
std::shared_ptr<arrow::Scalar> value_as(const std::shared_ptr<arrow::DataType>& type,
                                        const std::shared_ptr<arrow::Scalar>& value) {
  if (value->type->Equals(*type)) return value;
  if (!are_ordered_alike(value->type->id(), type->id())) return nullptr;
  const auto cast = arrow::compute::Cast(arrow::Datum(value), type);
  return cast.ok() ? cast->scalar() : nullptr;
}

bool is_nan(const arrow::Scalar& value) {
  if (value.type->id() == arrow::Type::DOUBLE) {
    return std::isnan(static_cast<const arrow::DoubleScalar&>(value).value);
  }
  return value.type->id() == arrow::Type::FLOAT &&
         std::isnan(static_cast<const arrow::FloatScalar&>(value).value);
}

// Whether no value between the two satisfies the comparison.
bool excludes(const Term& term, const std::shared_ptr<arrow::Scalar>& least,
              const std::shared_ptr<arrow::Scalar>& greatest) {
  const auto value = value_as(term.type, term.comparison.value);
  if (!value || !value->is_valid) return false;
  const bool may_be_nan = arrow::is_floating(term.type->id());
  if (may_be_nan && (is_nan(*value) || is_nan(*least) || is_nan(*greatest))) return false;
  switch (term.comparison.op) {
    case Operator::kEqual:
      return is_certain("less", value, least) || is_certain("greater", value, greatest);
    case Operator::kNotEqual:
      return !may_be_nan && is_certain("equal", least, value) &&
             is_certain("equal", greatest, value);
    case Operator::kLess:
      return is_certain("greater_equal", least, value);
    case Operator::kLessEqual:
      return is_certain("greater", least, value);
    case Operator::kGreater:
      return !may_be_nan && is_certain("less_equal", greatest, value);
    case Operator::kGreaterEqual:
      return !may_be_nan && is_certain("less", greatest, value);
    default:
      return false;
  }
}

Result<bool> may_hold(const Term& term, const parquet::RowGroupMetaData& row_group) {
  const auto chunk = row_group.ColumnChunk(term.leaf);
  const auto statistics = chunk->statistics();
  if (!statistics) return true;
  const bool counts_nulls = statistics->HasNullCount();
  const bool has_no_nulls = counts_nulls && statistics->null_count() == 0;
  const bool has_only_nulls =
      counts_nulls && statistics->null_count() == row_group.num_rows();
  if (term.comparison.op == Operator::kIsNull) return !has_no_nulls;
  if (has_only_nulls) return false;
  if (!term.comparison.value || !statistics->HasMinMax()) return true;
  std::shared_ptr<arrow::Scalar> least;
  std::shared_ptr<arrow::Scalar> greatest;
  // Types whose statistics Arrow does not read leave nothing out.
  if (!parquet::arrow::StatisticsAsScalars(*statistics, &least, &greatest).ok()) {
    return true;
  }
  least = value_as(term.type, least);
  greatest = value_as(term.type, greatest);
  return !least || !greatest || !excludes(term, least, greatest);
}

}  // namespace

Result<std::vector<RowGroupRun>> choose_row_groups(
    parquet::arrow::FileReader& reader, const arrow::Schema& schema,
    const std::vector<Comparison>& predicate) {
  if (!predicate.empty()) ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  const std::vector<Term> terms = terms_of(reader, schema, predicate);
  const auto metadata = reader.parquet_reader()->metadata();
  std::vector<RowGroupRun> runs(1);
  for (int i = 0; i < metadata->num_row_groups(); ++i) {
    const auto row_group = metadata->RowGroup(i);
    bool is_wanted = true;
    for (const Term& term : terms) {
      ARROW_ASSIGN_OR_RAISE(const bool may, may_hold(term, *row_group));
      is_wanted = is_wanted && may;
    }
    if (is_wanted) {
      runs.back().row_groups.push_back(i);
    } else {
      if (!runs.back().row_groups.empty()) runs.emplace_back();
      runs.back().num_left_out += row_group->num_rows();
    }
  }
  return runs;
}

}  // namespace velo::formats
