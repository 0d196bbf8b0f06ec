#include "velo/connectors/iceberg/connector.h"

#include <utility>

#include "velo/connectors/iceberg/options.h"
#include "velo/connectors/iceberg/scan.h"
#include "velo/connectors/iceberg/sink.h"
#include "velo/connectors/iceberg/source.h"

namespace velo::iceberg {
namespace {

Result<std::unique_ptr<DataSource>> create_source(const Uri& uri) {
  ARROW_ASSIGN_OR_RAISE(auto options, IcebergOptions::from_uri(uri, OptionUse::kSource));
  return make_iceberg_source(std::move(options));
}

Result<std::unique_ptr<DataSink>> create_sink(const Uri& uri) {
  ARROW_ASSIGN_OR_RAISE(auto options, IcebergOptions::from_uri(uri, OptionUse::kSink));
  return make_iceberg_sink(std::move(options));
}

}  // namespace

Connector iceberg_connector() {
  return {
      .scheme = "iceberg",
      .summary = "Iceberg tables: snapshots read, rows appended",
      .examples = {"iceberg://lake/sales/orders?warehouse=/data/lake",
                   "iceberg://rest-catalog/analytics/events?catalog_uri="
                   "http://localhost:8181",
                   "iceberg://lake/sales/orders?catalog_uri=sqlite:////data/lake/"
                   "catalog.db&branch=staging"},
      .options = IcebergOptions::descriptors(),
      .create_source = create_source,
      .create_sink = create_sink,
      .describe_position = describe_position,
  };
}

}  // namespace velo::iceberg
