#pragma once

/// Which table, in which catalog.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "velo/connectors/iceberg/storage_settings.h"
#include "velo/options.h"
#include "velo/uri.h"

namespace velo::iceberg {

struct TableName {
  std::vector<std::string> levels;  ///< of the namespace, one at least
  std::string name;

  /// "sales.orders"
  std::string shown() const;
  /// The levels, joined by dots.
  std::string namespace_shown() const;
};

/// The options of one address. A plain value.
struct IcebergOptions {
  std::string catalog;      ///< its name
  std::string catalog_uri;  ///< http, https or sqlite
  std::string warehouse;    ///< empty: the catalog knows
  std::string token;        ///< secret; what a REST catalog is to be shown
  StorageSettings storage;  ///< how files are reached, as far as the address says
  TableName table;
  std::string branch;                  ///< "main" unless said
  std::optional<int64_t> snapshot_id;  ///< of a source
  bool creates_namespace = false;
  int64_t writer_bytes = int64_t{128} << 20;  ///< of a sink: see DataSink::limit_memory
  std::string shown;     ///< the address, without options and secrets
  std::string identity;  ///< the address, without secrets

  static std::vector<OptionDescriptor> descriptors();

  /// Errors: kInvalidArgument, kNotImplemented.
  static Result<IcebergOptions> from_uri(const Uri& uri, OptionUse use);
};

}  // namespace velo::iceberg
