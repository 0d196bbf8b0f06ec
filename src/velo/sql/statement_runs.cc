#include "velo/sql/statement_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/columnar/change_columns.h"
#include "velo/sql/canonical_text.h"
#include "velo/sql/fan_out_sink.h"
#include "velo/sql/statement_routes.h"
#include "velo/sql/statement_rows.h"

namespace velo::sql {
namespace {

using Sinks = std::vector<std::unique_ptr<DataSink>>;

Status has_nowhere_to_go(const Statement& statement) {
  return statement.text.error_at(
      0, ErrorKind::kInvalidArgument,
      "the rows of this statement have nowhere to go; INSERT INTO says where");
}

// Opens the runs of one stream of a statement.
class RunOpener {
 public:
  RunOpener(StatementContext& context, const Statement& statement,
            const StatementRoute& route, const StatementResult& told,
            const OpenRunsOptions& options, std::stop_token stop)
      : context_(context),
        statement_(statement),
        route_(route),
        told_(told),
        rows_(context, options.tells_steps),
        stop_(std::move(stop)) {}

  // Rows that are shown.
  Result<StatementRun> open_shown(DataSink* results) {
    StatementRun run;
    ARROW_RETURN_NOT_OK(open_source(false, run));
    if (!results) return has_nowhere_to_go(statement_);
    run.options.on_schema_change = OnSchemaChange::kFail;  // there is nobody to follow
    run.sink = std::shared_ptr<DataSink>(std::shared_ptr<void>(), results);
    run.pipeline = identity_of_run(statement_, run.options, *run.source, *run.sink, "");
    return run;
  }

  Status open_all(bool is_one_of_several, std::vector<StatementRun>& runs) {
    ARROW_ASSIGN_OR_RAISE(Sinks sinks, open_sinks());
    const bool any_upserts = std::ranges::any_of(
        sinks, [](const auto& sink) { return sink->supports_upsert(); });
    StatementRun first;
    Status opened = open_source(any_upserts, first);
    if (opened.ok() && sinks.size() > 1 && !first.source->can_reread()) {
      ARROW_RETURN_NOT_OK(fan_out(std::move(sinks), first));
      runs.push_back(std::move(first));
      return Status::OK();
    }
    if (opened.ok() && sinks.size() > 1) {
      ARROW_RETURN_NOT_OK(check_serves_several(*first.source));
    }
    for (size_t i = 0; i < sinks.size(); ++i) {
      const bool upserts = sinks[i]->supports_upsert();
      StatementRun run = std::move(first);
      if (i > 0 || upserts != any_upserts) opened = open_source(upserts, run);
      run.is_one_of_several = is_one_of_several;
      run.sink = std::move(sinks[i]);
      run.result.sinks = {redact_uri(route_.sinks[i])};
      run.obstacle = opened.ok() ? give_identity(run) : opened;
      runs.push_back(std::move(run));
    }
    return Status::OK();
  }

 private:
  Result<Sinks> open_sinks() const {
    Sinks sinks;
    std::vector<std::string> places;
    for (size_t i = 0; i < route_.sinks.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(
          auto sink,
          context_.ends().open_sink(statement_, statement_.sinks[i], route_.sinks[i]));
      const std::string where = place_of(*sink, route_.sinks[i]);
      if (std::ranges::count(places, where) > 0) {
        return statement_.text.script->error_at(
            statement_.sinks[i].begin, ErrorKind::kInvalidArgument,
            fmt::format("{} is a sink of this statement already",
                        redact_uri(route_.sinks[i])));
      }
      places.push_back(where);
      sinks.push_back(std::move(sink));
    }
    return sinks;
  }

  // The same for two addresses of one place.
  static std::string place_of(DataSink& sink, const Uri& uri) {
    TransactionalSink* transactions = sink.transactions();
    return transactions ? transactions->identity() : redact_uri(uri);
  }

  Status open_source(bool applies_changes, StatementRun& run) {
    run.result = told_;
    run.result.stream = route_.stream;
    ARROW_ASSIGN_OR_RAISE(run.options, context_.options_of(statement_));
    PlanOptions how = plan_options(run.options, applies_changes);
    how.sources.instead = route_.instead;
    ARROW_ASSIGN_OR_RAISE(OpenRows rows, rows_.open(statement_, run.options, how, stop_));
    run.source = std::move(rows.source);
    run.steps = std::move(rows.steps);
    run.result.sources = std::move(rows.addresses);
    return Status::OK();
  }

  // What the source keeps for its reader under a name that a user has given.
  Status check_serves_several(DataSource& source) const {
    const SplitSource* const splits = source.splits();
    if (!splits) return Status::OK();
    const auto of_another = splits->kept_for("another");
    for (const std::string& kept : splits->kept_for("one")) {
      if (std::ranges::count(of_another, kept) == 0) continue;
      return statement_.select.error_at(
          0, ErrorKind::kInvalidArgument,
          fmt::format("{} can serve one of the {} sinks, each of which reads for itself: "
                      "without that name each has one of its own",
                      kept, route_.sinks.size()));
    }
    return Status::OK();
  }

  // One run, whose rows go to all sinks.
  Status fan_out(Sinks sinks, StatementRun& run) const {
    ARROW_ASSIGN_OR_RAISE(const auto schema, run.source->fetch_schema());
    const auto num_upserting = std::ranges::count_if(
        sinks, [](const auto& sink) { return sink->supports_upsert(); });
    const bool are_alike = num_upserting == 0 || num_upserting == std::ssize(sinks);
    if (!are_alike && are_changes(*schema)) {
      return statement_.select.error_at(
          0, ErrorKind::kInvalidArgument,
          "these are changes that can be read only once, and of the sinks only some have "
          "a key by which to apply them; give each kind a statement of its own");
    }
    run.sink = make_fan_out_sink(std::move(sinks));
    return give_identity(run);
  }

  // A name is looked for in the sink, by who runs it.
  Status give_identity(StatementRun& run) const {
    if (route_.dead_letters) {
      ARROW_ASSIGN_OR_RAISE(run.options.dead_letters,
                            context_.ends().open_dead_letters(*route_.dead_letters));
    }
    run.options.select = canonical_text(statement_.select);
    run.options.replace = statement_.or_replace;
    run.name = ascii_lower(statement_.name);
    if (!run.name.empty()) return Status::OK();
    run.pipeline = identity_of_run(statement_, run.options, *run.source, *run.sink,
                                   run.result.sinks.front());
    return Status::OK();
  }

  StatementContext& context_;
  const Statement& statement_;
  const StatementRoute& route_;
  const StatementResult& told_;
  StatementRows rows_;
  const std::stop_token stop_;
};

}  // namespace

bool StatementRuns::go_on() const {
  return std::ranges::any_of(runs, [](const StatementRun& run) { return run.goes_on(); });
}

Result<StatementRuns> open_runs(StatementContext& context, const Statement& statement,
                                const OpenRunsOptions& options, StatementResult& result,
                                const std::stop_token& stop) {
  StatementRuns opened;
  if (statement.explain || statement.sinks.empty()) {
    const StatementRoute nowhere;
    RunOpener opener(context, statement, nowhere, result, options, stop);
    ARROW_ASSIGN_OR_RAISE(auto run, opener.open_shown(options.results));
    opened.runs.push_back(std::move(run));
    return opened;
  }
  for (const Address& sink : statement.sinks) {
    ARROW_ASSIGN_OR_RAISE(const Uri uri, context.connections().resolve(sink.uri));
    result.sinks.push_back(redact_uri(uri));
  }
  ARROW_ASSIGN_OR_RAISE(StatementRoutes routes,
                        route_statement(context, statement, stop));
  const bool are_several = routes.routes.size() > 1 || statement.sinks.size() > 1;
  for (const StatementRoute& route : routes.routes) {
    RunOpener opener(context, statement, route, result, options, stop);
    ARROW_RETURN_NOT_OK(opener.open_all(are_several, opened.runs));
  }
  opened.left_out = std::move(routes.left_out);
  if (opened.runs.size() == 1) ARROW_RETURN_NOT_OK(opened.runs.front().obstacle);
  return opened;
}

bool fans_out(const StatementRun& run) { return run.sink && run.result.sinks.size() > 1; }

}  // namespace velo::sql
