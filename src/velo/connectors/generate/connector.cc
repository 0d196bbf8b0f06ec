#include "velo/connectors/generate/connector.h"

#include "velo/connectors/generate/options.h"
#include "velo/connectors/generate/source.h"

namespace velo::generate {

Connector generate_connector() {
  return {
      .scheme = "generate",
      .summary = "made-up rows: the tables orders, events and lineitem",
      .examples = {"generate://orders?rows=1000000&seed=1",
                   "generate://events?unbounded&rate=1000",
                   "generate://lineitem?rows=6000000"},
      .options = generate_options(),
      .create_source =
          [](const Uri& uri) { return GenerateSource::make(uri, steady_clock()); },
      .describe_position = describe_position,
  };
}

}  // namespace velo::generate
