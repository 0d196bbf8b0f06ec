#pragma once

/// The table whose changes are read, as the catalog has it now.

#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "velo/connectors/postgresql/cdc/pgoutput.h"
#include "velo/connectors/postgresql/client.h"
#include "velo/connectors/postgresql/options.h"

namespace velo::postgresql {

/// How the bytes that pgoutput sends of a value become those that CopyDecoder reads.
enum class ValueForm : int8_t {
  kAsIs,
  kUuid,    ///< 16 bytes, read as text
  kJsonb,   ///< a version and text, read as text
  kPadded,  ///< character(n), read as text without the blanks at its end
};

/// One of its columns; those that are generated are not captured.
struct CapturedColumn {
  RelationColumn relation;  ///< as pgoutput names it
  ResultColumn result;      ///< as a SELECT returns it
  ValueForm form = ValueForm::kAsIs;
  bool is_key = false;  ///< of the primary key, or the index that is the replica identity
};

struct CapturedTable {
  uint32_t relation = 0;
  std::string schema;
  std::string name;
  bool has_identity = false;  ///< whether updates and deletes can say of which row
  std::vector<CapturedColumn> columns;
  bool with_before = false;  ///< whether changes tell what the row was

  /// "public.orders".
  std::string split() const { return schema + "." + name; }

  /// The table's columns, then `_op`, `_ts`, `_position`, `_unset`, and `_before` where
  /// that is asked for.
  std::shared_ptr<arrow::Schema> change_schema() const;

  /// The SELECT list of the table's columns, as the schema has them.
  std::string select_list() const;
};

/// Look a table up. Errors: kNotFound; kNotImplemented for what is no plain table, or has
/// a column that cannot be captured yet; kSchemaMismatch for one named like ours.
Result<CapturedTable> find_captured_table(Connection& connection,
                                          const PostgresqlOptions& options);

/// The table with other columns, as the log has described them: those that are known stay
/// as they are, the others are looked up. Errors: as find_captured_table().
Result<CapturedTable> with_columns(const CapturedTable& table,
                                   const std::vector<RelationColumn>& columns,
                                   Connection& connection,
                                   const PostgresqlOptions& options);

}  // namespace velo::postgresql
