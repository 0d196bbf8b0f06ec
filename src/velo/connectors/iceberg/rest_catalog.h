#pragma once

/// A catalog behind Iceberg's REST protocol.
/// Source: Iceberg REST catalog specification (rest-catalog-open-api.yaml).

#include <memory>

#include "velo/connectors/iceberg/catalog.h"

namespace velo::iceberg {

/// Ask the server of `options.catalog_uri` how it wants to be asked.
Result<std::unique_ptr<Catalog>> open_rest_catalog(const IcebergOptions& options);

}  // namespace velo::iceberg
