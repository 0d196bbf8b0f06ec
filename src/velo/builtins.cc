#include "velo/connector.h"
#include "velo/connectors/clickhouse/connector.h"
#include "velo/connectors/file/connector.h"
#include "velo/connectors/generate/connector.h"
#include "velo/connectors/iceberg/connector.h"
#include "velo/connectors/kafka/connector.h"
#include "velo/connectors/null/connector.h"
#include "velo/connectors/postgresql/connector.h"
#include "velo/connectors/s3/connector.h"
#include "velo/connectors/stdio/connector.h"

namespace velo {

const Registry& builtin_registry() {
  static const Registry registry = [] {
    Registry all;
    all.add(clickhouse::clickhouse_connector());
    all.add(file::file_connector());
    all.add(generate::generate_connector());
    all.add(iceberg::iceberg_connector());
    all.add(kafka::kafka_connector());
    all.add(null::null_connector());
    all.add(postgresql::postgresql_connector());
    all.add(s3::s3_connector());
    all.add(stdio::stdin_connector());
    all.add(stdio::stdout_connector());
    return all;
  }();
  return registry;
}

}  // namespace velo
