#include "velo/connectors/generate/connector.h"

#include <algorithm>

#include "velo/connectors/generate/options.h"
#include "velo/connectors/generate/source.h"
#include "velo/streams.h"

namespace velo::generate {
namespace {

Result<StreamList> list_streams(const Uri& uri, std::stop_token) {
  StreamList list;
  for (size_t begin = 0; begin <= uri.path.size();) {
    const size_t end = std::min(uri.path.find(',', begin), uri.path.size());
    Uri one = uri;
    one.path = uri.path.substr(begin, end - begin);
    ARROW_RETURN_NOT_OK(GenerateOptions::from_uri(one).status());
    const bool is_known = std::ranges::count(list.streams, one.path, &Stream::name) > 0;
    if (!is_known) {
      list.streams.push_back(
          {.name = one.path, .fields = {{"table", one.path}}, .uri = one});
    }
    begin = end + 1;
  }
  return list;
}

}  // namespace

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
      .list_streams = list_streams,
      .describe_position = describe_position,
  };
}

}  // namespace velo::generate
