#include "velo/sql/runs_together.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/sql/statement_routes.h"

namespace velo::sql {
namespace {

// Counts through the statements, in their order.
class Counter {
 public:
  Counter(StatementContext& context, const std::stop_token& stop)
      : context_(context), stop_(stop) {}

  void add(const Statement& statement) {
    const bool moves_rows = !statement.sinks.empty() && !statement.explain;
    StatementRoutes routes{.routes = std::vector<StatementRoute>(1), .left_out = {}};
    if (auto found = route_statement(context_, statement, stop_); found.ok()) {
      routes = *std::move(found);
    }
    const bool goes_on = reads_for_ever(statement, routes.routes.front());
    if (statement.kind == Statement::Kind::kCreate) {
      goes_on_[ascii_lower(statement.name)] =
          moves_rows ? can_go_on(statement.sinks.front().uri) : goes_on;
    }
    const bool is_view = statement.kind == Statement::Kind::kCreate && !moves_rows;
    if (moves_rows && goes_on && !ends_early(statement)) {
      num_going_on_ +=
          static_cast<int64_t>(routes.routes.size() * statement.sinks.size());
    } else if (!is_view) {
      num_beside_ = std::min<int64_t>(num_going_on_, 1);
    }
  }

  int64_t num_together() const {
    return std::max<int64_t>(num_going_on_ + num_beside_, 1);
  }

 private:
  bool can_go_on(const Uri& written) const {
    const auto uri = context_.ends().reading_address(written);
    if (!uri.ok()) return false;
    const auto source = context_.registry().create_source(*uri);
    return source.ok() && (*source)->supports_streaming();
  }

  bool reads_for_ever(const Statement& statement, const StatementRoute& route) {
    if (!statement.select.script) return false;
    const auto addresses = context_.planner().addresses_in(statement.select);
    if (!addresses.ok()) return false;
    for (const Uri& written : *addresses) {
      const auto instead = route.instead.find(print_uri(written));
      if (can_go_on(instead == route.instead.end() ? written : instead->second)) {
        return true;
      }
    }
    const auto names = context_.planner().names_in(statement.select);
    return names.ok() && std::ranges::any_of(*names, [&](const std::string& name) {
             const auto known = goes_on_.find(name);
             return known != goes_on_.end() && known->second;
           });
  }

  // Although its source could go on.
  bool ends_early(const Statement& statement) const {
    const auto options = context_.options_of(statement);
    return !options.ok() || options->once || options->limit ||
           !options->range.until.empty();
  }

  StatementContext& context_;
  const std::stop_token stop_;
  std::map<std::string, bool> goes_on_;  // by the names that were given so far
  int64_t num_going_on_ = 0;
  int64_t num_beside_ = 0;
};

// Whether there may be two, as far as the text alone tells.
bool can_meet(const StatementContext& context, const std::vector<Statement>& statements) {
  size_t num_ways = 0;
  for (const Statement& statement : statements) {
    num_ways += std::max<size_t>(statement.sinks.size(), 1);
    for (const Address& sink : statement.sinks) {
      if (has_template(sink.uri, context.registry())) return true;
    }
  }
  return num_ways > 1;
}

}  // namespace

int64_t count_runs_together(StatementContext& context,
                            const std::vector<Statement>& statements,
                            const std::stop_token& stop) {
  if (!can_meet(context, statements)) return 1;
  Counter counter(context, stop);
  for (const Statement& statement : statements) counter.add(statement);
  return counter.num_together();
}

}  // namespace velo::sql
