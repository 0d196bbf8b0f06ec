#include "velo/connectors/iceberg/catalog.h"

#include <fmt/format.h>

#include "velo/connectors/iceberg/rest_catalog.h"
#include "velo/connectors/iceberg/sqlite_catalog.h"

namespace velo::iceberg {

Result<std::unique_ptr<Catalog>> open_catalog(const IcebergOptions& options, bool creates,
                                              const std::stop_token& stop) {
  if (options.catalog_uri.starts_with("sqlite:")) {
    return open_sqlite_catalog(options, creates);
  }
  return open_rest_catalog(options, stop);
}

Result<LoadedTable> load_table(Catalog& catalog, const IcebergOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto table, catalog.load(options.table));
  if (table) return *std::move(table);
  return make_error(ErrorKind::kNotFound,
                    {.connector = "iceberg", .resource = options.shown},
                    fmt::format("there is no table {} in the catalog at {}",
                                options.table.shown(), options.catalog_uri));
}

}  // namespace velo::iceberg
