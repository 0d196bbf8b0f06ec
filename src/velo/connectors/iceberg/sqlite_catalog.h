#pragma once

/// A catalog in a file, laid out as Iceberg's JDBC catalog and PyIceberg's SqlCatalog do:
///
///     iceberg_tables(catalog_name, table_namespace, table_name, metadata_location,
///                    previous_metadata_location, iceberg_type)
///     iceberg_namespace_properties(catalog_name, namespace, property_key,
///                                  property_value)
///
/// A commit writes the next metadata beside the table, and then has metadata_location
/// changed where it is still that which it came from.

#include <memory>

#include "velo/connectors/iceberg/catalog.h"
#include "velo/connectors/iceberg/file_io.h"

namespace velo::iceberg {

/// Open the catalog of `options.catalog_uri`, or make it if `creates`.
Result<std::unique_ptr<Catalog>> open_sqlite_catalog(const IcebergOptions& options,
                                                     bool creates);

}  // namespace velo::iceberg
