#include "copy_pair.h"

#include <fmt/format.h>

#include <utility>

#include "sql_arguments.h"

namespace velo::cli {

Result<CopyPair> open_copy(const std::string& from, const std::string& to,
                           const std::string& config, const PipelineArguments& given) {
  CopyPair pair;
  ARROW_ASSIGN_OR_RAISE(const Connections connections, load_connections(config));
  ARROW_ASSIGN_OR_RAISE(const Uri from_uri, address_of(from, connections));
  ARROW_ASSIGN_OR_RAISE(const Uri to_uri, address_of(to, connections));
  ARROW_ASSIGN_OR_RAISE(pair.source, builtin_registry().create_source(from_uri));
  ARROW_ASSIGN_OR_RAISE(pair.sink, builtin_registry().create_sink(to_uri));
  pair.from = redact_uri(from_uri);
  pair.to = redact_uri(to_uri);
  for (const auto& [name, value] : connections.pipeline_options()) {
    ARROW_RETURN_NOT_OK(annotate(pair.options.set(name, value), "[pipeline]"));
  }
  for (const auto& [name, value] : given.given()) {
    ARROW_RETURN_NOT_OK(pair.options.set(name, value));
  }
  if (pair.options.on_error == OnError::kKeep) {
    ARROW_ASSIGN_OR_RAISE(const Uri bad,
                          address_of(pair.options.dead_letter_address, connections));
    auto dead_letters = builtin_registry().create_sink(bad);
    if (!dead_letters.ok()) return annotate(dead_letters.status(), "on_error");
    pair.options.dead_letters = *std::move(dead_letters);
  }
  const SplitSource* splits = pair.source->splits();
  TransactionalSink* transactions = pair.sink->transactions();
  const auto limit = pair.options.limit;
  pair.identity = unnamed_run(
      splits ? splits->identity() : pair.from,
      (limit ? fmt::format("LIMIT {}", *limit) : "") + to_string(pair.options.range),
      transactions ? transactions->identity() : pair.to);
  return pair;
}

}  // namespace velo::cli
