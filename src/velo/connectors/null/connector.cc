#include "velo/connectors/null/connector.h"

#include "velo/connectors/null/sink.h"

namespace velo::null {

Connector null_connector() {
  return {
      .scheme = "null",
      .summary = "nowhere: rows are counted and discarded",
      .examples = {"null:"},
      .create_sink = NullSink::make,
  };
}

}  // namespace velo::null
