#pragma once

/// The tables that can be generated. Row n of a table depends on the seed and n alone:
/// not on how many rows are asked for, in batches of what size, or with which other
/// columns. The rows of a seed never change: goldens, benchmarks and users' tests rest on
/// them.

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "velo/connectors/generate/column.h"

namespace velo::generate {

struct Table {
  std::string_view name;
  std::vector<Column> columns;
};

/// Orders of a shop: numbers, decimals, short texts, a clock that goes forward.
const Table& orders_table();

/// What visitors of a web site did: doubles with nulls, booleans, ids and unicode in
/// text.
const Table& events_table();

/// TPC-H's lineitem, with the types and distributions of scale factor 1: not dbgen's
/// rows, but rows like them. Of every seven orders one each has 1 to 7 lines; the
/// comments have a smaller vocabulary. Source: TPC-H specification, clause 4.2.3.
const Table& lineitem_table();

/// All of them.
std::span<const Table* const> all_tables();

/// The columns of a table.
std::shared_ptr<arrow::Schema> schema_of(std::span<const Column> columns);

/// Make rows `rows` of a table, of these columns only. Thread-safe.
Result<std::shared_ptr<arrow::RecordBatch>> make_rows(std::span<const Column> columns,
                                                      uint64_t seed, RowRange rows);

}  // namespace velo::generate
