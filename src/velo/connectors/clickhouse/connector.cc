#include "velo/connectors/clickhouse/connector.h"

#include <utility>

#include "velo/connectors/clickhouse/options.h"
#include "velo/connectors/clickhouse/sink.h"
#include "velo/connectors/clickhouse/source.h"

namespace velo::clickhouse {
namespace {

Result<std::unique_ptr<DataSource>> create_source(const Uri& uri) {
  ARROW_ASSIGN_OR_RAISE(auto options,
                        ClickhouseOptions::from_uri(uri, OptionUse::kSource));
  return make_clickhouse_source(std::move(options));
}

Result<std::unique_ptr<DataSink>> create_sink(const Uri& uri) {
  ARROW_ASSIGN_OR_RAISE(auto options, ClickhouseOptions::from_uri(uri, OptionUse::kSink));
  return make_clickhouse_sink(std::move(options));
}

}  // namespace

Connector clickhouse_connector() {
  return {
      .scheme = "clickhouse",
      .summary = "ClickHouse: a table or a query; rows appended",
      .examples = {"clickhouse://localhost:8123/analytics?table=events",
                   "clickhouse://user:${env:CLICKHOUSE_PASSWORD}@ch:8443/warehouse?table="
                   "facts&secure=true",
                   "clickhouse://localhost/shop?query=SELECT id, total FROM orders"},
      .options = ClickhouseOptions::descriptors(),
      .create_source = create_source,
      .create_sink = create_sink,
      .list_streams = list_tables,
  };
}

}  // namespace velo::clickhouse
