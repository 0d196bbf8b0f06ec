#pragma once

/// Rows as a table for people: aligned columns with their names and types.

#include <arrow/io/interfaces.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "velo/connectors/stdio/display_width.h"
#include "velo/formats/format.h"

namespace velo::stdio {

struct TableOptions {
  int64_t max_rows = 40;     ///< rows shown; the rest are counted
  int max_cell_width = 100;  ///< columns of the terminal; a wider value ends in "…"
  std::optional<int>
      max_width;  ///< of the whole table: columns shrink, then are left out
};

/// Writes one table. It appears at finish(), since widths need the rows; what is kept
/// until then is the text of the rows shown. Threads: thread-compatible.
class TableEncoder : public formats::Encoder {
 public:
  TableEncoder(std::shared_ptr<arrow::io::OutputStream> output,
               const arrow::Schema& schema, TableOptions options);

  Status write(const arrow::RecordBatch& rows) override;
  Status finish() override;

 private:
  struct Column {
    Printable name;
    Printable type;
    std::vector<Printable> cells;
    bool is_number = false;
    int width = 0;  // of the widest of them
  };

  Printable cell_of(const arrow::Array& column, int64_t row) const;
  /// How many columns, from the left, are shown; shrinks their widths so that they fit.
  size_t fit_columns();
  std::string footer(size_t num_columns) const;

  const std::shared_ptr<arrow::io::OutputStream> output_;
  const TableOptions options_;
  std::vector<Column> columns_;
  int64_t num_rows_ = 0;
  int64_t num_shown_ = 0;
  bool finished_ = false;
};

}  // namespace velo::stdio
