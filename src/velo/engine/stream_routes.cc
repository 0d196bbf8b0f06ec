#include "velo/engine/stream_routes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

namespace velo {
namespace {

constexpr size_t kMostNamed = 5;

std::string names_of(const std::vector<Stream>& streams) {
  std::vector<std::string> names;
  for (const Stream& stream : streams) {
    if (names.size() == kMostNamed) break;
    names.push_back(stream.name);
  }
  if (streams.size() > kMostNamed) names.emplace_back("…");
  return fmt::format("{}", fmt::join(names, ", "));
}

// The word that most likely tells them apart.
std::string word_of(const Stream& stream) {
  for (const char* word : {"table", "topic"}) {
    const auto field = stream.fields.find(word);
    if (field != stream.fields.end() && field->second == stream.name) return word;
  }
  return "stream";
}

// The sink's address with a word in the place where one is most likely wanted.
std::string suggestion(const Uri& sink, const Stream& stream, const Registry& registry) {
  const std::string word = "{" + word_of(stream) + "}";
  const Connector* connector = registry.find(sink.scheme);
  Uri better = sink;
  const bool has_tables =
      connector && std::ranges::any_of(connector->options, [](const auto& option) {
        return option.type == OptionType::kNames && option.name == "table";
      });
  if (has_tables) {
    std::erase_if(better.options, [](const auto& o) { return o.first == "table"; });
    better.options.emplace_back("table", word);
  } else if (connector && connector->paths_name_files) {
    better.path = sink.path.substr(0, sink.path.rfind('/') + 1) + word + "/";
  } else {
    better.path += (sink.path.empty() || sink.path.ends_with('/') ? "" : ".") + word;
  }
  return redact_uri(better);
}

Status needs_template(const Uri& source, const Uri& sink,
                      const std::vector<Stream>& streams, const Registry& registry) {
  const std::string several = fmt::format("{} is {} streams ({})", redact_uri(source),
                                          streams.size(), names_of(streams));
  const bool has_places = !sink.path.empty() || !sink.hosts.empty();
  return make_error(
      ErrorKind::kInvalidArgument, {.resource = redact_uri(sink)},
      has_places
          ? fmt::format("{}, and each needs a place of its own here: {}", several,
                        suggestion(sink, streams.front(), registry))
          : fmt::format("{}, and this is one place: name one of them, or write into a "
                        "directory for each (out/{{{}}}/)",
                        several, word_of(streams.front())));
}

}  // namespace

Result<std::vector<StreamRoute>> engine::route_known_streams(
    const Uri& source, const std::vector<Stream>& streams, const Uri& sink,
    const Registry& registry) {
  const size_t num_streams = streams.size();
  if (num_streams > kMostStreams) {
    return make_error(ErrorKind::kInvalidArgument, {.resource = redact_uri(source)},
                      fmt::format("these are {} streams, and {} at most can be moved by "
                                  "one process: name fewer at a time",
                                  num_streams, kMostStreams));
  }
  if (num_streams > 1 && !has_template(sink, registry)) {
    return needs_template(source, sink, streams, registry);
  }
  std::vector<StreamRoute> routes;
  std::map<std::string, std::string> taken;  // by the sink's address
  for (const Stream& stream : streams) {
    ARROW_ASSIGN_OR_RAISE(Uri one, sink_of_stream(sink, stream, registry));
    const auto [other, is_new] = taken.emplace(redact_uri(one), stream.name);
    if (!is_new) {
      return make_error(ErrorKind::kInvalidArgument, {.resource = redact_uri(sink)},
                        fmt::format("{} and {} would both be written to {}: {{stream}} "
                                    "tells them apart",
                                    other->second, stream.name, other->first));
    }
    routes.push_back({stream, std::move(one)});
  }
  return routes;
}

Result<StreamRoutes> route_streams(const Uri& source, const Uri& sink,
                                   const Registry& registry, std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(StreamList list, registry.list_streams(source, std::move(stop)));
  StreamRoutes routes{.routes = {}, .left_out = std::move(list.left_out)};
  ARROW_ASSIGN_OR_RAISE(
      routes.routes, engine::route_known_streams(source, list.streams, sink, registry));
  return routes;
}

}  // namespace velo
