#pragma once

/// The streams that a statement reads, and where each goes.

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "velo/sql/statement_context.h"
#include "velo/streams.h"
#include "velo/uri.h"

namespace velo::sql {

/// One stream, and the sinks that it goes to.
struct StatementRoute {
  std::string stream;                  ///< its name, where there are several
  std::map<std::string, Uri> instead;  ///< see SourceOptions
  std::vector<Uri> sinks;              ///< in the order of the statement's
  std::optional<Uri> dead_letters;     ///< of OnError::kKeep
};

struct StatementRoutes {
  std::vector<StatementRoute> routes;  ///< one at least
  std::vector<std::string> left_out;   ///< see StreamList
};

/// Find the streams of a statement, as `velo copy` does
/// (docs/adr/0016-streams-by-address.md): one address of its SELECT may name several, and
/// then each of its sinks has a word in braces for each. Asks the source's system only
/// where that address has a pattern. Errors: those of route_streams(), kInvalidArgument
/// for two such addresses, with the line and a caret.
Result<StatementRoutes> route_statement(StatementContext& context,
                                        const Statement& statement,
                                        const std::stop_token& stop);

}  // namespace velo::sql
