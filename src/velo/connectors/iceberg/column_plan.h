#pragma once

/// How rows become those of a table.

#include <arrow/record_batch.h>

#include <memory>
#include <string>
#include <vector>

#include "velo/connectors/iceberg/table_schema.h"
#include "velo/error.h"

namespace velo::iceberg {

/// Which column of the rows goes into which of the table. Columns meet by name; those
/// that the rows lack are NULL. A plain value.
class ColumnPlan {
 public:
  /// Errors: kSchemaMismatch for a column that the table does not have, a required one
  /// that the rows do not have, or values that could be lost.
  static Result<ColumnPlan> make(const std::string& table, const TableSchema& schema,
                                 const arrow::Schema& rows);

  /// The columns that files have: those of the rows, as the table calls and types them,
  /// with their field ids.
  const std::shared_ptr<arrow::Schema>& file_schema() const { return file_schema_; }

  /// Errors: kSchemaMismatch for a value that does not fit.
  Result<std::shared_ptr<arrow::RecordBatch>> convert(
      const arrow::RecordBatch& rows) const;

 private:
  std::string table_;
  std::vector<int> places_;  // in the rows, of each column of the files
  std::shared_ptr<arrow::Schema> file_schema_;
};

}  // namespace velo::iceberg
