#include <fmt/format.h>

#include <array>
#include <utility>

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "velo/base/small_file.h"
#include "velo/connections.h"
#include "velo/options.h"

namespace velo {
namespace {

constexpr size_t kMaxFileBytes = size_t{1} << 20;

std::string position_of(const toml::source_region& region) {
  return fmt::format("line {}, column {}", region.begin.line, region.begin.column);
}

}  // namespace

// Reads the tables of one velo.toml.
class ConnectionsReader {
 public:
  explicit ConnectionsReader(std::string_view name) : name_(name) {
    connections_.file_name_ = name;
  }

  Result<Connections> read(std::string_view text);

 private:
  Status fail(const toml::source_region& region, std::string message) const;
  Status unknown_name(const toml::key& key, std::string_view what,
                      std::span<const std::string_view> known) const;
  Result<const toml::table*> table_of(const toml::key& key, const toml::node& node) const;
  Status read_connections(const toml::table& connections);
  Status read_connection(const toml::key& name, const toml::table& connection);
  Result<Uri> uri_of(const toml::key& name, const toml::node& node) const;
  Status read_pipeline(const toml::table& pipeline);
  Result<std::string> text_of(const toml::key& key, const toml::node& node) const;

  std::string_view name_;
  Connections connections_;
};

Status ConnectionsReader::fail(const toml::source_region& region,
                               std::string message) const {
  return make_error(ErrorKind::kInvalidArgument,
                    {.resource = std::string(name_), .position = position_of(region)},
                    std::move(message));
}

Status ConnectionsReader::unknown_name(const toml::key& key, std::string_view what,
                                       std::span<const std::string_view> known) const {
  const std::string_view nearest = nearest_name(key.str(), known);
  return fail(
      key.source(),
      fmt::format("unknown {} '{}'; {}", what, key.str(),
                  nearest.empty() ? fmt::format("known: {}", fmt::join(known, ", "))
                                  : fmt::format("did you mean '{}'?", nearest)));
}

Result<Connections> ConnectionsReader::read(std::string_view text) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    return fail(parsed.error().source(),
                fmt::format("this is not TOML: {}", parsed.error().description()));
  }
  for (const auto& [key, node] : parsed.table()) {
    ARROW_ASSIGN_OR_RAISE(const toml::table* table, table_of(key, node));
    if (key == "connections") {
      ARROW_RETURN_NOT_OK(read_connections(*table));
    } else if (key == "pipeline") {
      ARROW_RETURN_NOT_OK(read_pipeline(*table));
    } else {
      constexpr std::array<std::string_view, 2> kTables = {"connections", "pipeline"};
      return unknown_name(key, "table", kTables);
    }
  }
  return std::move(connections_);
}

Result<const toml::table*> ConnectionsReader::table_of(const toml::key& key,
                                                       const toml::node& node) const {
  if (const toml::table* table = node.as_table()) return table;
  return fail(key.source(),
              fmt::format("'{}' must be a table: write [{}] on a line of its "
                          "own, and its keys below",
                          key.str(), key.str()));
}

Status ConnectionsReader::read_connections(const toml::table& connections) {
  for (const auto& [name, node] : connections) {
    ARROW_ASSIGN_OR_RAISE(const toml::table* connection, table_of(name, node));
    ARROW_RETURN_NOT_OK(read_connection(name, *connection));
  }
  return Status::OK();
}

Status ConnectionsReader::read_connection(const toml::key& name,
                                          const toml::table& connection) {
  const Result<Uri> reference = parse_uri(fmt::format("@{}", name.str()));
  if (!reference.ok() || reference->hosts.front().name != name.str()) {
    return fail(name.source(),
                "the name of a connection has letters, digits, '_', '-' and '.'");
  }
  for (const auto& [key, node] : connection) {
    constexpr std::array<std::string_view, 1> kKeys = {"uri"};
    if (key != kKeys.front()) return unknown_name(key, "key", kKeys);
    ARROW_ASSIGN_OR_RAISE(Uri uri, uri_of(name, node));
    connections_.connections_.emplace_back(name.str(), std::move(uri));
  }
  if (connections_.find(name.str()) != nullptr) return Status::OK();
  return fail(name.source(),
              fmt::format("connection '{}' lacks its uri = \"…\"", name.str()));
}

Result<Uri> ConnectionsReader::uri_of(const toml::key& name,
                                      const toml::node& node) const {
  const auto* text = node.as_string();
  if (text == nullptr) return fail(node.source(), "'uri' must be a string");
  Result<Uri> uri = parse_uri(text->get());
  if (!uri.ok()) {
    return annotate(uri.status(), fmt::format("{}: {}: connection '{}'", name_,
                                              position_of(node.source()), name.str()));
  }
  if (uri->scheme == "@" || uri->scheme == "-") {
    return fail(node.source(), "a connection's address has a scheme of its own");
  }
  return uri;
}

Status ConnectionsReader::read_pipeline(const toml::table& pipeline) {
  for (const auto& [key, node] : pipeline) {
    ARROW_ASSIGN_OR_RAISE(std::string text, text_of(key, node));
    connections_.pipeline_options_.emplace_back(key.str(), std::move(text));
  }
  return Status::OK();
}

Result<std::string> ConnectionsReader::text_of(const toml::key& key,
                                               const toml::node& node) const {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* number = node.as_floating_point())
    return fmt::format("{}", number->get());
  if (const auto* truth = node.as_boolean()) return fmt::format("{}", truth->get());
  const auto* array = node.as_array();
  if (array == nullptr) {
    return fail(node.source(),
                fmt::format("'{}' must be text, a number, true or false, or a list of "
                            "text",
                            key.str()));
  }
  std::vector<std::string_view> items;
  for (const toml::node& item : *array) {
    const auto* text = item.as_string();
    if (text == nullptr) {
      return fail(item.source(), fmt::format("'{}' must be a list of text", key.str()));
    }
    items.push_back(text->get());
  }
  return fmt::format("{}", fmt::join(items, ","));
}

Result<Connections> Connections::from_toml(std::string_view text, std::string_view name) {
  return ConnectionsReader(name).read(text);
}

Result<Connections> Connections::from_toml_file(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const std::string text, read_small_file(path, kMaxFileBytes));
  return from_toml(text, path);
}

}  // namespace velo
