#include "velo/connectors/s3/connector.h"

#include <utility>

#include "velo/connectors/s3/objects.h"
#include "velo/connectors/s3/options.h"
#include "velo/connectors/s3/sink.h"
#include "velo/fileset/file_position.h"
#include "velo/fileset/source.h"

namespace velo::s3 {
namespace {

Result<std::unique_ptr<DataSource>> create_source(const Uri& uri) {
  ARROW_ASSIGN_OR_RAISE(auto options, S3Options::from_uri(uri, OptionUse::kSource));
  auto objects = make_objects(options);
  return fileset::make_source(std::move(options), std::move(objects));
}

Result<std::unique_ptr<DataSink>> create_sink(const Uri& uri) {
  ARROW_ASSIGN_OR_RAISE(auto options, S3Options::from_uri(uri, OptionUse::kSink));
  return make_s3_sink(std::move(options));
}

}  // namespace

Connector s3_connector() {
  return {
      .scheme = "s3",
      .summary =
          "objects of S3: CSV, JSON, Parquet, Avro, ORC, Arrow IPC, Protobuf, text; one, "
          "a glob, a prefix",
      .examples = {"s3://data-lake/events/*.parquet?region=us-west-2",
                   "s3://backup/logs/2024-01-*/*.json.gz?endpoint=http://localhost:8333",
                   "s3://data-lake/orders/?format=parquet&partition_by=country"},
      .options = S3Options::descriptors(),
      .create_source = create_source,
      .create_sink = create_sink,
      .paths_name_files = true,
      .describe_position = fileset::describe_position,
  };
}

}  // namespace velo::s3
