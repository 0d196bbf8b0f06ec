#include "velo/testing/conformance/rows.h"

#include <arrow/builder.h>
#include <arrow/table.h>
#include <fmt/format.h>

#include <map>
#include <random>

#include "velo/error.h"

namespace velo::testing {
namespace {

constexpr int kWideColumns = 200;

std::string name_of(int64_t id) { return fmt::format("row {}: naïve ☃ 𝄞", id); }

std::shared_ptr<arrow::Array> column_of_ids(int64_t first_id, int64_t num_rows) {
  arrow::Int64Builder builder;
  for (int64_t id = first_id; id < first_id + num_rows; ++id) (void)builder.Append(id);
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> column_of_names(int64_t first_id, int64_t num_rows) {
  arrow::StringBuilder builder;
  for (int64_t id = first_id; id < first_id + num_rows; ++id) {
    (void)builder.Append(name_of(id));
  }
  return builder.Finish().ValueOrDie();
}

// A row that was seen, and where.
struct SeenRow {
  const arrow::RecordBatch* rows;
  int64_t row;
};

std::string value_of(const arrow::Array& column, int64_t row) {
  const auto value = column.GetScalar(row);
  return value.ok() ? (*value)->ToString() : value.status().ToString();
}

::testing::AssertionResult same_row(const SeenRow& seen,
                                    const arrow::RecordBatch& expected, int64_t row,
                                    int64_t id) {
  for (int i = 0; i < expected.num_columns(); ++i) {
    const std::string& name = expected.column_name(i);
    const auto column = seen.rows->GetColumnByName(name);
    if (!column) return ::testing::AssertionFailure() << "there is no column " << name;
    const arrow::Array& wanted = *expected.column(i);
    if (!column->type()->Equals(wanted.type())) {
      return ::testing::AssertionFailure()
             << "column " << name << " is " << *column->type() << ", not "
             << *wanted.type();
    }
    if (!column->RangeEquals(wanted, seen.row, seen.row + 1, row)) {
      return ::testing::AssertionFailure()
             << "column " << name << " of row " << id << " is "
             << value_of(*column, seen.row) << ", not " << value_of(wanted, row);
    }
  }
  return ::testing::AssertionSuccess();
}

}  // namespace

std::shared_ptr<arrow::Schema> named_schema() {
  return arrow::schema(
      {arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8())});
}

Rows named_rows(int64_t first_id, int64_t num_rows) {
  return arrow::RecordBatch::Make(
      named_schema(), num_rows,
      {column_of_ids(first_id, num_rows), column_of_names(first_id, num_rows)});
}

Rows no_rows() { return named_rows(0, 0); }

Rows wide_rows(int64_t num_rows) {
  arrow::FieldVector fields{arrow::field("id", arrow::int64())};
  arrow::ArrayVector columns{column_of_ids(0, num_rows)};
  for (int i = 1; i < kWideColumns; ++i) {
    const bool is_text = i % 2 == 0;
    fields.push_back(
        arrow::field(fmt::format("c{}", i), is_text ? arrow::utf8() : arrow::int64()));
    columns.push_back(is_text ? column_of_names(i, num_rows)
                              : column_of_ids(i, num_rows));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), num_rows, columns);
}

Rows random_rows() {
  constexpr int64_t kNumRows = 64;
  constexpr int kTextBytes = 16 << 10;
  std::mt19937_64 random(1);  // NOLINT: the same each time
  arrow::StringBuilder texts;
  for (int64_t row = 0; row < kNumRows; ++row) {
    std::string text;
    for (int i = 0; i < kTextBytes; ++i) text += static_cast<char>('0' + random() % 75);
    (void)texts.Append(text);
  }
  return arrow::RecordBatch::Make(
      named_schema(), kNumRows,
      {column_of_ids(0, kNumRows), texts.Finish().ValueOrDie()});
}

std::vector<int64_t> ids_of(const std::vector<Rows>& seen) {
  std::vector<int64_t> ids;
  for (const Rows& rows : seen) {
    const auto column = rows->GetColumnByName("id");
    if (!column || column->type_id() != arrow::Type::INT64) continue;
    const auto& values = static_cast<const arrow::Int64Array&>(*column);
    for (int64_t row = 0; row < values.length(); ++row) ids.push_back(values.Value(row));
  }
  return ids;
}

::testing::AssertionResult same_rows(const std::vector<Rows>& seen,
                                     const Rows& expected) {
  std::map<int64_t, SeenRow> places;
  for (const Rows& rows : seen) {
    const auto ids = ids_of({rows});
    if (static_cast<int64_t>(ids.size()) != rows->num_rows()) {
      return ::testing::AssertionFailure()
             << "there is no column id int64 in " << rows->schema()->ToString();
    }
    for (size_t row = 0; row < ids.size(); ++row) {
      if (places.emplace(ids[row], SeenRow{rows.get(), static_cast<int64_t>(row)})
              .second) {
        continue;
      }
      return ::testing::AssertionFailure() << "row " << ids[row] << " came twice";
    }
  }
  const auto wanted = ids_of({expected});
  for (size_t row = 0; row < wanted.size(); ++row) {
    const auto found = places.find(wanted[row]);
    if (found == places.end()) {
      return ::testing::AssertionFailure()
             << "row " << wanted[row] << " has not come; " << places.size() << " of "
             << wanted.size() << " rows have";
    }
    auto same =
        same_row(found->second, *expected, static_cast<int64_t>(row), wanted[row]);
    if (!same) return same;
    places.erase(found);
  }
  if (places.empty()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << places.size() << " rows came that are not expected, such as "
         << places.begin()->first;
}

Rows concatenate(const std::vector<Rows>& batches,
                 const std::shared_ptr<arrow::Schema>& schema) {
  const auto table = arrow::Table::FromRecordBatches(schema, batches).ValueOrDie();
  return table->CombineChunksToBatch().ValueOrDie();
}

}  // namespace velo::testing
