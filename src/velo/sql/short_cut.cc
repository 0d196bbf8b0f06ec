#include "velo/sql/short_cut.h"

#include <arrow/compute/api.h>
#include <arrow/compute/initialize.h>

#include <algorithm>
#include <utility>

#include "velo/sql/carried_changes.h"
#include "velo/sql/literal_value.h"

namespace velo::sql {
namespace {

using arrow::compute::CallFunction;
using Operator = Comparison::Operator;

bool same_name(std::string_view left, std::string_view right) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [&](char a, char b) { return lower(a) == lower(b); });
}

// By DuckDB's rule, without regard to case; no two columns differ in that alone.
std::shared_ptr<arrow::Field> find_column(const arrow::Schema& columns,
                                          std::string_view name) {
  for (const auto& field : columns.fields()) {
    if (same_name(field->name(), name)) return field;
  }
  return nullptr;
}

bool has_name(const arrow::FieldVector& fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const auto& field) { return same_name(field->name(), name); });
}

// The columns of the result; empty where one is not there or two are named alike.
arrow::FieldVector result_fields(const SimpleSelect& select, const arrow::Schema& columns,
                                 std::vector<std::string>& names) {
  arrow::FieldVector fields;
  for (const SimpleColumn& column : select.columns) {
    const auto field = find_column(columns, column.name);
    if (!field) return {};
    const std::string& name = column.alias.empty() ? field->name() : column.alias;
    if (has_name(fields, name)) return {};
    // A column under two names would be asked for twice.
    if (std::find(names.begin(), names.end(), field->name()) != names.end()) return {};
    names.push_back(field->name());
    fields.push_back(field->WithName(name));
  }
  return fields;
}

std::optional<Comparison> comparison_of(const SimpleTerm& term,
                                        const arrow::Schema& columns) {
  const auto field = find_column(columns, term.column);
  if (!field) return {};
  Comparison comparison{.column = field->name(), .op = term.op, .value = nullptr};
  if (term.literal) {
    comparison.value = literal_value(*term.literal, field->type());
    if (!comparison.value) return {};
  }
  return comparison;
}

const char* function_of(Operator op) {
  switch (op) {
    case Operator::kEqual:
      return "equal";
    case Operator::kNotEqual:
      return "not_equal";
    case Operator::kLess:
      return "less";
    case Operator::kLessEqual:
      return "less_equal";
    case Operator::kGreater:
      return "greater";
    case Operator::kGreaterEqual:
      return "greater_equal";
    case Operator::kIsNull:
      return "is_null";
    default:
      return "is_valid";
  }
}

bool includes_nan(Operator op) {
  return op == Operator::kGreater || op == Operator::kGreaterEqual;
}

Result<arrow::Datum> apply(const Comparison& comparison, const arrow::RecordBatch& rows) {
  const arrow::Datum column = rows.GetColumnByName(comparison.column);
  const char* function = function_of(comparison.op);
  if (!comparison.value) return CallFunction(function, {column});
  ARROW_ASSIGN_OR_RAISE(auto holds, CallFunction(function, {column, comparison.value}));
  if (comparison.value->type->id() != arrow::Type::DOUBLE ||
      !includes_nan(comparison.op)) {
    return holds;
  }
  // To Arrow NaN is above nothing.
  ARROW_ASSIGN_OR_RAISE(auto is_nan, CallFunction("is_nan", {column}));
  return CallFunction("or_kleene", {holds, is_nan});
}

Result<std::shared_ptr<arrow::RecordBatch>> filter(
    const ShortCut& short_cut, std::shared_ptr<arrow::RecordBatch> rows) {
  if (short_cut.predicate.empty()) return rows;
  arrow::Datum all;
  for (const Comparison& comparison : short_cut.predicate) {
    ARROW_ASSIGN_OR_RAISE(auto holds, apply(comparison, *rows));
    if (all.kind() == arrow::Datum::NONE) {
      all = std::move(holds);
    } else {
      ARROW_ASSIGN_OR_RAISE(all, CallFunction("and_kleene", {all, holds}));
    }
  }
  if (short_cut.carries_changes) {
    return delete_what_left(short_cut.predicate, *all.array_as<arrow::BooleanArray>(),
                            std::move(rows));
  }
  ARROW_ASSIGN_OR_RAISE(auto kept, arrow::compute::Filter(rows, all));
  return kept.record_batch();
}

class ShortCutReader : public DataReader {
 public:
  ShortCutReader(std::unique_ptr<DataReader> reader, ShortCut short_cut)
      : reader_(std::move(reader)),
        short_cut_(std::move(short_cut)),
        rows_left_(short_cut_.limit) {}

  Result<std::optional<Batch>> read(std::stop_token stop) override {
    while (reader_ && !(has_read_ && rows_left_ == 0)) {
      ARROW_ASSIGN_OR_RAISE(auto batch, reader_->read(stop));
      if (!batch) break;
      ARROW_ASSIGN_OR_RAISE(auto rows, process(std::move(batch->rows)));
      // The first batch tells the columns, even where it is empty.
      if (rows->num_rows() == 0 && !batch->bad && has_read_) continue;
      has_read_ = true;
      return Batch{.rows = std::move(rows), .bad = std::move(batch->bad)};
    }
    reader_.reset();
    return std::nullopt;
  }

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> process(
      std::shared_ptr<arrow::RecordBatch> rows) {
    ARROW_ASSIGN_OR_RAISE(rows, apply_short_cut(short_cut_, std::move(rows)));
    if (rows_left_ && rows->num_rows() > *rows_left_) rows = rows->Slice(0, *rows_left_);
    if (rows_left_) *rows_left_ -= rows->num_rows();
    return rows;
  }

  std::unique_ptr<DataReader> reader_;
  const ShortCut short_cut_;
  std::optional<int64_t> rows_left_;
  bool has_read_ = false;
};

}  // namespace

std::optional<ShortCut> plan_short_cut(const SimpleSelect& select,
                                       const arrow::Schema& columns) {
  std::vector<std::string> names;
  arrow::FieldVector fields;
  if (select.all_columns) {
    fields = columns.fields();
    names = columns.field_names();
  } else {
    fields = result_fields(select, columns, names);
  }
  if (fields.empty() || !arrow::compute::Initialize().ok()) return {};

  ShortCut short_cut;
  for (const SimpleTerm& term : select.terms) {
    auto comparison = comparison_of(term, columns);
    if (!comparison) return {};
    if (std::find(names.begin(), names.end(), comparison->column) == names.end()) {
      names.push_back(comparison->column);
    }
    short_cut.predicate.push_back(*std::move(comparison));
  }
  short_cut.read.predicate = short_cut.predicate;
  if (!select.all_columns) short_cut.read.columns = std::move(names);
  if (select.terms.empty()) short_cut.read.limit = select.limit;
  short_cut.limit = select.limit;
  short_cut.schema = arrow::schema(std::move(fields));
  return short_cut;
}

Result<std::shared_ptr<arrow::RecordBatch>> apply_short_cut(
    const ShortCut& short_cut, std::shared_ptr<arrow::RecordBatch> rows) {
  ARROW_ASSIGN_OR_RAISE(rows, filter(short_cut, std::move(rows)));
  arrow::ArrayVector columns = rows->columns();
  columns.resize(static_cast<size_t>(short_cut.schema->num_fields()));
  return arrow::RecordBatch::Make(short_cut.schema, rows->num_rows(), std::move(columns));
}

std::unique_ptr<DataReader> make_short_cut_reader(std::unique_ptr<DataReader> reader,
                                                  ShortCut short_cut) {
  return std::make_unique<ShortCutReader>(std::move(reader), std::move(short_cut));
}

}  // namespace velo::sql
