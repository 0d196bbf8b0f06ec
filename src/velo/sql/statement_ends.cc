#include "velo/sql/statement_ends.h"

#include <algorithm>
#include <utility>

#include "velo/letters.h"
#include "velo/sql/pipeline_options.h"

namespace velo::sql {

Result<std::unique_ptr<DataSink>> StatementEnds::open_sink(const Statement& statement,
                                                           const Address& named,
                                                           const Uri& uri) const {
  ARROW_ASSIGN_OR_RAISE(const RunOptions options,
                        read_pipeline_options(statement, defaults_));
  auto sink = registry_.create_sink(with_record_limit(uri, options, registry_));
  if (sink.ok()) return sink;
  return statement.text.script->error_at(named.begin, kind_of(sink.status()),
                                         sink.status().message());
}

Result<Uri> StatementEnds::address_of_dead_letters(const RunOptions& options) const {
  ARROW_ASSIGN_OR_RAISE(const Uri given, parse_uri(options.dead_letter_address));
  return connections_.resolve(given);
}

Result<std::shared_ptr<DataSink>> StatementEnds::open_dead_letters(const Uri& uri) const {
  auto sink = registry_.create_sink(with_letter_limit(uri, registry_));
  if (!sink.ok()) return annotate(sink.status(), "on_error");
  return *std::move(sink);
}

Result<Uri> StatementEnds::reading_address(const Uri& sink) const {
  ARROW_ASSIGN_OR_RAISE(Uri uri, connections_.resolve(sink));
  const Connector* connector = registry_.find(uri.scheme);
  if (connector == nullptr) return uri;
  std::erase_if(uri.options, [&](const auto& option) {
    return std::ranges::any_of(
        connector->options, [&](const OptionDescriptor& descriptor) {
          return descriptor.name == option.first && descriptor.use == OptionUse::kSink;
        });
  });
  return uri;
}

}  // namespace velo::sql
