#include "velo/connectors/file/connector.h"

#include <utility>

#include "velo/connectors/file/options.h"
#include "velo/connectors/file/sink.h"
#include "velo/connectors/file/source.h"
#include "velo/connectors/file/watch_source.h"

namespace velo::file {
namespace {

Result<std::unique_ptr<DataSource>> create_source(const Uri& uri) {
  ARROW_ASSIGN_OR_RAISE(auto options, FileOptions::from_uri(uri, OptionUse::kSource));
  return make_file_source(std::move(options));
}

Result<std::unique_ptr<DataSink>> create_sink(const Uri& uri) {
  ARROW_ASSIGN_OR_RAISE(auto options, FileOptions::from_uri(uri, OptionUse::kSink));
  return make_file_sink(std::move(options));
}

}  // namespace

Connector file_connector() {
  return {
      .scheme = "file",
      .summary =
          "files of this machine: CSV, JSON, Parquet, Avro, ORC, Arrow IPC, Protobuf, "
          "text; one, a glob, a directory",
      .examples = {"orders.csv", "file:///data/input/*.csv?header=true",
                   "file:///data/out/?format=parquet&partition_by=country"},
      .options = FileOptions::descriptors(),
      .create_source = create_source,
      .create_sink = create_sink,
      .paths_name_files = true,
      .describe_position = describe_position,
  };
}

}  // namespace velo::file
