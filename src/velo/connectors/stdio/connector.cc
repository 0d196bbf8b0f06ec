#include "velo/connectors/stdio/connector.h"

#include <unistd.h>

#include "velo/connectors/stdio/options.h"
#include "velo/connectors/stdio/sink.h"
#include "velo/connectors/stdio/source.h"

namespace velo::stdio {

Connector stdin_connector() {
  return {
      .scheme = "stdin",
      .summary =
          "standard input: CSV, JSON, Parquet, Avro, ORC, Arrow IPC, Protobuf, "
          "text; compressed or not",
      .examples = {"-", "stdin:?format=csv&header=false"},
      .options = StdinOptions::descriptors(),
      .create_source =
          [](const Uri& uri) { return StdinSource::make(uri, STDIN_FILENO); },
  };
}

Connector stdout_connector() {
  return {
      .scheme = "stdout",
      .summary =
          "standard output: a table, CSV, JSON, Parquet, Avro, ORC, Arrow IPC, "
          "Protobuf, text",
      .examples = {"-", "stdout:?format=table&rows=10", "stdout:?format=json"},
      .options = StdoutOptions::descriptors(),
      .create_sink = [](const Uri& uri) { return StdoutSink::make(uri, STDOUT_FILENO); },
  };
}

}  // namespace velo::stdio
