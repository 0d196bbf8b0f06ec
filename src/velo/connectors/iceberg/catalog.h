#pragma once

/// Where tables are found by their names, and where a commit is decided.

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "velo/connectors/iceberg/options.h"
#include "velo/connectors/iceberg/storage_settings.h"
#include "velo/connectors/iceberg/table_commit.h"
#include "velo/connectors/iceberg/table_metadata.h"
#include "velo/error.h"

namespace velo::iceberg {

/// A table as it is now.
struct LoadedTable {
  TableMetadata metadata;
  std::string metadata_location;
  StorageSettings storage;  ///< what the catalog says of how its files are reached
};

/// Threads: thread-compatible.
class Catalog {
 public:
  virtual ~Catalog() = default;

  /// Let the calls that follow end soon after a stop was requested, with kCancelled.
  virtual void set_stop(const std::stop_token& stop) = 0;

  /// Load a table; nullopt where it, or its namespace, is not there.
  virtual Result<std::optional<LoadedTable>> load(const TableName& name) = 0;

  virtual Result<bool> has_namespace(const TableName& name) = 0;

  /// Make the namespace of a table; one that is there is fine.
  virtual Status create_namespace(const TableName& name) = 0;

  /// Make a table without rows; one that is there is left as it is.
  virtual Status create(const TableName& name, const TableSchema& schema) = 0;

  /// Change a table. Errors: kConflict: something does not hold, and nothing was changed;
  /// kCommitStateUnknown, kCancelled: it may have been, or may be yet; others: nothing
  /// was.
  virtual Status commit(const TableName& name, const LoadedTable& table,
                        const TableCommit& commit) = 0;
};

/// Open the catalog that an address names; one in a file that is not there is made if
/// `creates`. It is asked, until another is set, by `stop`. Errors: those of reaching it.
Result<std::unique_ptr<Catalog>> open_catalog(const IcebergOptions& options, bool creates,
                                              const std::stop_token& stop = {});

/// Load a table that must be there. Errors: kNotFound.
Result<LoadedTable> load_table(Catalog& catalog, const IcebergOptions& options);

}  // namespace velo::iceberg
