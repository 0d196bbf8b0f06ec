#pragma once

/// A catalog behind Iceberg's REST protocol.
/// Source: Iceberg REST catalog specification (rest-catalog-open-api.yaml).

#include <memory>

#include "velo/connectors/iceberg/catalog.h"

namespace velo::iceberg {

/// Ask the server of `options.catalog_uri` how it wants to be asked; see open_catalog().
Result<std::unique_ptr<Catalog>> open_rest_catalog(const IcebergOptions& options,
                                                   const std::stop_token& stop);

}  // namespace velo::iceberg
