#include "velo/sql/statement_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/engine/stream_routes.h"

namespace velo::sql {
namespace {

// An address of the SELECT, and the streams that it names.
struct StreamedAddress {
  Uri written;
  Uri resolved;
  StreamList list;
};

// Finds the routes of one statement.
class Router {
 public:
  Router(StatementContext& context, const Statement& statement)
      : context_(context), statement_(statement) {}

  Result<StatementRoutes> route(const std::stop_token& stop) {
    for (const Address& address : statement_.sinks) {
      ARROW_ASSIGN_OR_RAISE(Uri uri, context_.connections().resolve(address.uri));
      has_words_ = has_words_ || has_template(uri, context_.registry());
      sinks_.push_back(std::move(uri));
    }
    ARROW_ASSIGN_OR_RAISE(const RunOptions options, context_.options_of(statement_));
    if (options.on_error == OnError::kKeep) {
      ARROW_ASSIGN_OR_RAISE(dead_letters_,
                            context_.ends().address_of_dead_letters(options));
      has_words_ = has_words_ || has_template(*dead_letters_, context_.registry());
    }
    std::optional<StreamedAddress> streamed;
    if (!sinks_.empty()) {
      ARROW_ASSIGN_OR_RAISE(streamed, find_streams(stop));
    }
    if (!streamed) return whole();
    return route_each(*streamed);
  }

 private:
  // What has no address that could have a name has no words, either.
  Result<StatementRoutes> whole() const {
    StatementRoute route;
    for (size_t i = 0; i < sinks_.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(
          Uri sink, sink_of(i, sink_of_stream(sinks_[i], {}, context_.registry())));
      route.sinks.push_back(std::move(sink));
    }
    ARROW_ASSIGN_OR_RAISE(route.dead_letters, dead_letters_of({}));
    return StatementRoutes{.routes = {std::move(route)}, .left_out = {}};
  }

  // Says where the sink stands that cannot be meant so.
  template <typename T>
  Result<T> sink_of(size_t index, Result<T> found) const {
    if (found.ok()) return found;
    return statement_.text.script->error_at(
        statement_.sinks[index].begin, kind_of(found.status()), found.status().message());
  }

  Result<std::optional<Uri>> dead_letters_of(const Stream& stream) const {
    if (!dead_letters_) return std::nullopt;
    auto one = sink_of_stream(*dead_letters_, stream, context_.registry());
    if (!one.ok()) return annotate(one.status(), "on_error");
    return std::optional(*std::move(one));
  }

  // The address that names several; else, where a sink has words, the first one.
  Result<std::optional<StreamedAddress>> find_streams(const std::stop_token& stop) {
    ARROW_ASSIGN_OR_RAISE(const auto addresses,
                          context_.planner().addresses_in(statement_.select));
    std::optional<StreamedAddress> found;
    for (const Uri& written : addresses) {
      ARROW_ASSIGN_OR_RAISE(Uri resolved, context_.connections().resolve(written));
      auto list = context_.registry().list_streams(resolved, stop);
      if (!list.ok() && has_words_) return list.status();
      if (!list.ok()) continue;  // it is told of by who reads it
      const bool is_several = list->streams.size() > 1;
      if (is_several && found && found->list.streams.size() > 1) {
        return statement_.select.error_at(
            0, ErrorKind::kNotImplemented,
            fmt::format("{} and {} name several streams each, and one address of a "
                        "SELECT may; name one stream in the other",
                        redact_uri(found->resolved), redact_uri(resolved)));
      }
      if (is_several || (has_words_ && !found)) {
        found = {written, std::move(resolved), *std::move(list)};
      }
    }
    return found;
  }

  Result<StatementRoutes> route_each(const StreamedAddress& streamed) const {
    const auto& streams = streamed.list.streams;
    StatementRoutes routes{.routes = std::vector<StatementRoute>(streams.size()),
                           .left_out = streamed.list.left_out};
    for (size_t i = 0; i < streams.size(); ++i) {
      StatementRoute& route = routes.routes[i];
      if (streams.size() > 1) route.stream = streams[i].name;
      route.instead = {{print_uri(streamed.written), streams[i].uri}};
      ARROW_ASSIGN_OR_RAISE(route.dead_letters, dead_letters_of(streams[i]));
    }
    for (size_t i = 0; i < sinks_.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(
          auto to_sink,
          sink_of(i, engine::route_known_streams(streamed.resolved, streams, sinks_[i],
                                                 context_.registry())));
      for (size_t j = 0; j < streams.size(); ++j) {
        routes.routes[j].sinks.push_back(std::move(to_sink[j].sink));
      }
    }
    return routes;
  }

  StatementContext& context_;
  const Statement& statement_;
  std::vector<Uri> sinks_;
  bool has_words_ = false;
  std::optional<Uri> dead_letters_;
};

}  // namespace

Result<StatementRoutes> route_statement(StatementContext& context,
                                        const Statement& statement,
                                        const std::stop_token& stop) {
  return Router(context, statement).route(stop);
}

}  // namespace velo::sql
