#include "velo/connectors/postgresql/connector.h"

#include <utility>

#include "velo/connectors/postgresql/cdc/change_position.h"
#include "velo/connectors/postgresql/cdc/source.h"
#include "velo/connectors/postgresql/options.h"
#include "velo/connectors/postgresql/sink.h"
#include "velo/connectors/postgresql/source.h"
#include "velo/connectors/postgresql/table_list.h"

namespace velo::postgresql {
namespace {

Result<std::unique_ptr<DataSource>> create_source(const Uri& uri) {
  ARROW_ASSIGN_OR_RAISE(auto options,
                        PostgresqlOptions::from_uri(uri, OptionUse::kSource));
  if (options.cdc) return make_change_source(std::move(options));
  return make_postgresql_source(std::move(options));
}

Result<std::unique_ptr<DataSink>> create_sink(const Uri& uri) {
  ARROW_ASSIGN_OR_RAISE(auto options, PostgresqlOptions::from_uri(uri, OptionUse::kSink));
  return make_postgresql_sink(std::move(options));
}

}  // namespace

Connector postgresql_connector() {
  return {
      .scheme = "postgresql",
      .summary =
          "PostgreSQL: a table, its changes, or a query; rows appended, or upserted",
      .examples = {"postgresql://localhost/mydb?table=orders",
                   "postgresql://user:${env:PGPASSWORD}@db:5432/prod?table=orders&schema="
                   "sales",
                   "postgresql://localhost/mydb?table=orders&cdc=true",
                   "postgresql://localhost/mydb?table=sales_*&cdc=true",
                   "postgresql:///mydb?query=SELECT id, total FROM orders"},
      .options = PostgresqlOptions::descriptors(),
      .create_source = create_source,
      .create_sink = create_sink,
      .list_streams = list_tables,
      .describe_position = describe_position,
      .keeps_for_readers = true,
  };
}

}  // namespace velo::postgresql
