#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "velo/base/secret.h"
#include "velo/connector.h"
#include "velo/streams.h"

namespace velo {
namespace {

Result<const Connector*> find_connector(const Registry& registry, const Uri& uri,
                                        std::string_view standard_stream) {
  const std::string_view scheme = uri.scheme == "-" ? standard_stream : uri.scheme;
  if (const Connector* connector = registry.find(scheme)) return connector;
  std::vector<std::string_view> schemes;
  for (const Connector& connector : registry.connectors()) {
    schemes.push_back(connector.scheme);
  }
  const std::string_view nearest = nearest_name(scheme, schemes);
  return make_error(
      ErrorKind::kInvalidArgument, {.resource = redact_uri(uri)},
      nearest.empty()
          ? fmt::format("there is no connector '{}'; `velo help` lists them", scheme)
          : fmt::format("there is no connector '{}'; did you mean '{}'?", scheme,
                        nearest));
}

// Puts "${env:NAME}" back where a message shows what it stood for.
Status with_references(const Status& status, const Uri& given, const Uri& expanded) {
  std::string message = status.message();
  const auto hide = [&](const std::string& value, const std::string& reference) {
    if (value.empty() || value == reference) return;
    for (size_t at = 0; (at = message.find(value, at)) != std::string::npos;
         at += reference.size()) {
      message.replace(at, value.size(), reference);
    }
  };
  hide(expanded.user.value_or(""), given.user.value_or(""));
  hide(expanded.password.value_or(""), given.password.value_or(""));
  for (size_t i = 0; i < given.options.size(); ++i) {
    hide(expanded.options[i].second, given.options[i].second);
  }
  return status.WithMessage(message);
}

// Puts them back into the address of a stream, where it has what they stand for. What is
// new there (a table's name) means no reference.
void put_references_back(const Uri& given, const Uri& expanded, Uri& stream) {
  if (stream.user == expanded.user) stream.user = given.user;
  if (stream.password == expanded.password) stream.password = given.password;
  for (auto& [name, value] : stream.options) {
    const std::string* before = expanded.find_option(name);
    const bool is_as_given = before && *before == value;
    value = is_as_given ? *given.find_option(name) : escape_references(std::move(value));
  }
}

Status not_this_end(const Uri& uri, std::string_view scheme, std::string_view end) {
  return make_error(ErrorKind::kInvalidArgument, {.resource = redact_uri(uri)},
                    fmt::format("{} cannot be a {}", scheme, end));
}

}  // namespace

void Registry::add(Connector connector) {
  if (find(connector.scheme) != nullptr) {
    std::fprintf(stderr, "velo: connector registered twice\n");
    std::abort();
  }
  connectors_.push_back(std::move(connector));
}

const Connector* Registry::find(std::string_view scheme) const {
  for (const Connector& connector : connectors_) {
    if (connector.scheme == scheme) return &connector;
  }
  return nullptr;
}

Result<std::unique_ptr<DataSource>> Registry::create_source(const Uri& uri) const {
  ARROW_ASSIGN_OR_RAISE(const Connector* connector, find_connector(*this, uri, "stdin"));
  if (!connector->create_source) return not_this_end(uri, connector->scheme, "source");
  ARROW_ASSIGN_OR_RAISE(const Uri expanded, expand_secrets(uri));
  auto source = connector->create_source(expanded);
  if (!source.ok()) return with_references(source.status(), uri, expanded);
  (*source)->set_stop(stop_);
  return source;
}

Result<std::unique_ptr<DataSink>> Registry::create_sink(const Uri& uri) const {
  ARROW_ASSIGN_OR_RAISE(const Connector* connector, find_connector(*this, uri, "stdout"));
  if (!connector->create_sink) return not_this_end(uri, connector->scheme, "sink");
  ARROW_ASSIGN_OR_RAISE(const Uri expanded, expand_secrets(uri));
  auto sink = connector->create_sink(expanded);
  if (!sink.ok()) return with_references(sink.status(), uri, expanded);
  (*sink)->set_stop(stop_);
  return sink;
}

Result<StreamList> Registry::list_streams(const Uri& uri, std::stop_token stop) const {
  ARROW_ASSIGN_OR_RAISE(const Connector* connector, find_connector(*this, uri, "stdin"));
  if (!connector->create_source) return not_this_end(uri, connector->scheme, "source");
  if (!connector->list_streams) {
    return StreamList{.streams = {{.name = {}, .fields = {}, .uri = uri}},
                      .left_out = {}};
  }
  ARROW_ASSIGN_OR_RAISE(const Uri expanded, expand_secrets(uri));
  auto list = connector->list_streams(expanded, std::move(stop));
  if (!list.ok()) return with_references(list.status(), uri, expanded);
  for (Stream& stream : list->streams) put_references_back(uri, expanded, stream.uri);
  return list;
}

Registry Registry::with_stop(std::stop_token stop) const {
  Registry heeding = *this;
  heeding.stop_ = std::move(stop);
  return heeding;
}

Result<std::unique_ptr<DataSource>> create_source(std::string_view uri,
                                                  const Registry& registry) {
  ARROW_ASSIGN_OR_RAISE(const Uri parsed, parse_uri(uri));
  return registry.create_source(parsed);
}

Result<std::unique_ptr<DataSink>> create_sink(std::string_view uri,
                                              const Registry& registry) {
  ARROW_ASSIGN_OR_RAISE(const Uri parsed, parse_uri(uri));
  return registry.create_sink(parsed);
}

}  // namespace velo
