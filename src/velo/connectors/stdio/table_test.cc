#include "velo/connectors/stdio/table.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>

namespace velo::stdio {
namespace {

std::shared_ptr<arrow::Array> texts(
    const std::vector<std::optional<std::string>>& values) {
  arrow::StringBuilder builder;
  for (const auto& value : values) {
    EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  }
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> numbers(const std::vector<int64_t>& values) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::RecordBatch> rows_of(const std::vector<std::string>& names,
                                            const arrow::ArrayVector& columns) {
  arrow::FieldVector fields;
  for (size_t i = 0; i < names.size(); ++i) {
    fields.push_back(arrow::field(names[i], columns[i]->type()));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), columns[0]->length(), columns);
}

std::string table_of(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches,
                     TableOptions options = {}) {
  auto output = arrow::io::BufferOutputStream::Create().ValueOrDie();
  TableEncoder encoder(output, *batches[0]->schema(), options);
  for (const auto& batch : batches) EXPECT_TRUE(encoder.write(*batch).ok());
  EXPECT_TRUE(encoder.finish().ok());
  EXPECT_TRUE(encoder.finish().ok()) << "idempotent";
  return std::string("\n") + output->Finish().ValueOrDie()->ToString();
}

TEST(Table, Aligns) {
  EXPECT_EQ(table_of({rows_of({"id", "name"},
                              {numbers({1, 12345}), texts({"a", std::nullopt})})}),
            R"(
┌───────┬──────┐
│    id │ name │
│ int64 │ text │
├───────┼──────┤
│     1 │ a    │
│ 12345 │ NULL │
└───────┴──────┘
2 rows, 2 columns
)");
}

TEST(Table, CountsWidthsAsATerminalDoes) {
  EXPECT_EQ(
      table_of({rows_of({"text"}, {texts({"世界", "e\u0301", "naïve", "a\nb", "🚀"})})}),
      "\n"
      "┌───────┐\n"
      "│ text  │\n"
      "│ text  │\n"
      "├───────┤\n"
      "│ 世界  │\n"
      "│ e\u0301     │\n"
      "│ naïve │\n"
      "│ a\\nb  │\n"
      "│ 🚀    │\n"
      "└───────┘\n"
      "5 rows, 1 column\n");
}

TEST(Table, ShowsTheFirstRowsOfAllBatches) {
  TableOptions options;
  options.max_rows = 3;
  const auto batch = rows_of({"id"}, {numbers({1, 2})});
  EXPECT_EQ(table_of({batch, batch, batch}, options),
            R"(
┌───────┐
│    id │
│ int64 │
├───────┤
│     1 │
│     2 │
│     1 │
└───────┘
… 3 more rows
6 rows, 1 column
)");
}

TEST(Table, SeparatesThousands) {
  TableOptions options;
  options.max_rows = 0;
  EXPECT_EQ(
      table_of({rows_of({"id"}, {numbers(std::vector<int64_t>(1'234'567))})}, options),
      R"(
┌───────┐
│    id │
│ int64 │
├───────┤
└───────┘
… 1,234,567 more rows
1,234,567 rows, 1 column
)");
}

TEST(Table, OneRowMore) {
  TableOptions options;
  options.max_rows = 0;
  EXPECT_TRUE(table_of({rows_of({"id"}, {numbers({1})})}, options)
                  .ends_with("… 1 more row\n1 row, 1 column\n"));
}

TEST(Table, WithoutRows) {
  EXPECT_EQ(table_of({rows_of({"id"}, {numbers({})})}),
            R"(
┌───────┐
│    id │
│ int64 │
├───────┤
└───────┘
0 rows, 1 column
)");
}

TEST(Table, WithoutColumns) {
  EXPECT_EQ(
      table_of({arrow::RecordBatch::Make(arrow::schema({}), 3, arrow::ArrayVector())}),
      "\n3 rows, 0 columns\n");
}

TEST(Table, CutsWideValues) {
  TableOptions options;
  options.max_cell_width = 10;
  EXPECT_EQ(
      table_of({rows_of({"text"}, {texts({"0123456789", "0123456789a"})})}, options),
      R"(
┌────────────┐
│ text       │
│ text       │
├────────────┤
│ 0123456789 │
│ 012345678… │
└────────────┘
2 rows, 1 column
)");
}

TEST(Table, ShrinksTheWidestColumnsToFit) {
  TableOptions options;
  options.max_width = 40;
  EXPECT_EQ(
      table_of({rows_of({"id", "a", "b"}, {numbers({1}), texts({std::string(30, 'a')}),
                                           texts({std::string(50, 'b')})})},
               options),
      R"(
┌───────┬──────────────┬──────────────┐
│    id │ a            │ b            │
│ int64 │ text         │ text         │
├───────┼──────────────┼──────────────┤
│     1 │ aaaaaaaaaaa… │ bbbbbbbbbbb… │
└───────┴──────────────┴──────────────┘
1 row, 3 columns
)");
}

TEST(Table, LeavesOutColumnsThatDoNotFit) {
  TableOptions options;
  options.max_width = 30;
  const auto wide = texts({std::string(20, 'x')});
  EXPECT_EQ(table_of({rows_of({"a", "b", "c", "d"}, {wide, wide, wide, wide})}, options),
            R"(
┌───────────┬───────────┬───┐
│ a         │ b         │ … │
│ text      │ text      │ … │
├───────────┼───────────┼───┤
│ xxxxxxxx… │ xxxxxxxx… │ … │
└───────────┴───────────┴───┘
… 2 more columns
1 row, 4 columns
)");
}

TEST(Table, KeepsOneColumnHoweverNarrow) {
  TableOptions options;
  options.max_width = 1;
  options.max_rows = 0;
  const auto wide = texts({std::string(20, 'x')});
  EXPECT_EQ(table_of({rows_of({"a", "b"}, {wide, wide})}, options),
            R"(
┌──────┬───┐
│ a    │ … │
│ text │ … │
├──────┼───┤
└──────┴───┘
… 1 more row, 1 more column
1 row, 2 columns
)");
}

TEST(Table, NamesTypes) {
  const auto type = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  EXPECT_EQ(table_of({rows_of(
                {"at", "price"},
                {arrow::MakeArrayOfNull(type, 1).ValueOrDie(),
                 arrow::MakeArrayOfNull(arrow::decimal128(12, 2), 1).ValueOrDie()})}),
            R"(
┌─────────────┬───────────────┐
│ at          │         price │
│ timestamptz │ decimal(12,2) │
├─────────────┼───────────────┤
│ NULL        │          NULL │
└─────────────┴───────────────┘
1 row, 2 columns
)");
}

}  // namespace
}  // namespace velo::stdio
