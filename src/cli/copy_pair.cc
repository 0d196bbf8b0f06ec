#include "copy_pair.h"

#include <fmt/format.h>

#include <utility>

#include "command.h"
#include "log.h"
#include "sql_arguments.h"

namespace velo::cli {
namespace {

Result<RunOptions> options_of(const Connections& connections,
                              const PipelineArguments& given) {
  RunOptions options;
  for (const auto& [name, value] : connections.pipeline_options()) {
    ARROW_RETURN_NOT_OK(annotate(options.set(name, value), "[pipeline]"));
  }
  if (!given.refresh.empty()) {
    return make_error(ErrorKind::kInvalidArgument, {},
                      "--refresh: a copy joins its source with nothing; velo run does, "
                      "by a SELECT with a JOIN");
  }
  for (const auto& [name, value] : given.given()) {
    ARROW_RETURN_NOT_OK(options.set(name, value));
  }
  return options;
}

Result<CopyPair> open_pair(const StreamRoute& route, const RunOptions& options,
                           const Connections& connections) {
  CopyPair pair;
  pair.options = options;
  const auto limited = [&](const Uri& uri) {
    return with_record_limit(uri, options, registry());
  };
  ARROW_ASSIGN_OR_RAISE(pair.source, registry().create_source(limited(route.stream.uri)));
  ARROW_ASSIGN_OR_RAISE(pair.sink, registry().create_sink(limited(route.sink)));
  pair.from = redact_uri(route.stream.uri);
  pair.to = redact_uri(route.sink);
  if (options.on_error == OnError::kKeep) {
    ARROW_ASSIGN_OR_RAISE(Uri bad, address_of(options.dead_letter_address, connections));
    ARROW_ASSIGN_OR_RAISE(bad, sink_of_stream(bad, route.stream));
    auto dead_letters = registry().create_sink(with_letter_limit(bad, registry()));
    if (!dead_letters.ok()) return annotate(dead_letters.status(), "on_error");
    pair.options.dead_letters = *std::move(dead_letters);
  }
  const SplitSource* splits = pair.source->splits();
  TransactionalSink* transactions = pair.sink->transactions();
  const auto limit = options.limit;
  pair.identity = unnamed_run(
      splits ? splits->identity() : pair.from,
      (limit ? fmt::format("LIMIT {}", *limit) : "") + to_string(options.range),
      transactions ? transactions->identity() : pair.to);
  return pair;
}

}  // namespace

Result<CopyPairs> open_copies(const std::string& from, const std::string& to,
                              const std::string& config, const PipelineArguments& given,
                              std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const Connections connections, load_connections(config));
  ARROW_ASSIGN_OR_RAISE(const RunOptions options, options_of(connections, given));
  ARROW_ASSIGN_OR_RAISE(const Uri source, address_of(from, connections));
  ARROW_ASSIGN_OR_RAISE(const Uri sink, address_of(to, connections));
  ARROW_ASSIGN_OR_RAISE(StreamRoutes routes,
                        route_streams(source, sink, registry(), std::move(stop)));
  CopyPairs opened;
  opened.left_out = std::move(routes.left_out);
  for (const StreamRoute& route : routes.routes) {
    auto pair = open_pair(route, options, connections);
    const bool is_one_of_several = routes.routes.size() > 1;
    if (!pair.ok() && is_one_of_several) {
      return annotate(pair.status(), route.stream.name);
    }
    ARROW_RETURN_NOT_OK(pair);
    if (is_one_of_several) pair->stream = route.stream.name;
    opened.pairs.push_back(*std::move(pair));
  }
  return opened;
}

void warn_of_left_out(const std::vector<std::string>& left_out) {
  for (const std::string& what : left_out) {
    log().write({.name = "left_out",
                 .level = LogLevel::kWarning,
                 .message = "left out: " + what,
                 .fields = {{"what", std::string_view(what)}}});
  }
}

}  // namespace velo::cli
