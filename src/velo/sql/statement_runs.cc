#include "velo/sql/statement_runs.h"

#include <algorithm>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/columnar/change_columns.h"
#include "velo/sql/canonical_text.h"
#include "velo/sql/fan_out_sink.h"
#include "velo/sql/statement_rows.h"

namespace velo::sql {
namespace {

Status has_nowhere_to_go(const Statement& statement) {
  return statement.text.error_at(
      0, ErrorKind::kInvalidArgument,
      "the rows of this statement have nowhere to go; INSERT INTO says where");
}

// Opens the runs of one statement.
class RunOpener {
 public:
  RunOpener(StatementContext& context, const Statement& statement,
            const StatementResult& told, bool tells_steps)
      : context_(context),
        statement_(statement),
        told_(told),
        rows_(context, tells_steps) {}

  // Rows that are shown.
  Result<StatementRun> open_shown(DataSink& results) {
    ARROW_ASSIGN_OR_RAISE(StatementRun run, open_source(false));
    run.options.on_schema_change = OnSchemaChange::kFail;  // there is nobody to follow
    run.sink = std::shared_ptr<DataSink>(std::shared_ptr<void>(), &results);
    run.pipeline = identity_of_run(statement_, run.options, *run.source, *run.sink, "");
    return run;
  }

  Result<std::vector<StatementRun>> open_all(Sinks sinks) {
    std::vector<StatementRun> runs;
    const bool any_upserts = std::ranges::any_of(
        sinks, [](const auto& sink) { return sink->supports_upsert(); });
    ARROW_ASSIGN_OR_RAISE(StatementRun first, open_source(any_upserts));
    if (sinks.size() > 1 && !first.source->can_reread()) {
      ARROW_RETURN_NOT_OK(fan_out(std::move(sinks), first));
      runs.push_back(std::move(first));
      return runs;
    }
    for (size_t i = 0; i < sinks.size(); ++i) {
      const bool upserts = sinks[i]->supports_upsert();
      StatementRun run = std::move(first);
      if (i > 0 || upserts != any_upserts) {
        ARROW_ASSIGN_OR_RAISE(run, open_source(upserts));
      }
      run.is_one_of_several = sinks.size() > 1;
      run.sink = std::move(sinks[i]);
      run.result.sinks = {told_.sinks[i]};
      ARROW_RETURN_NOT_OK(give_identity(run));
      runs.push_back(std::move(run));
    }
    return runs;
  }

 private:
  Result<StatementRun> open_source(bool applies_changes) {
    StatementRun run;
    run.result = told_;
    ARROW_ASSIGN_OR_RAISE(run.options, context_.options_of(statement_));
    ARROW_ASSIGN_OR_RAISE(
        OpenRows rows,
        rows_.open(statement_, run.options, plan_options(run.options, applies_changes)));
    run.source = std::move(rows.source);
    run.steps = std::move(rows.steps);
    run.result.sources = std::move(rows.addresses);
    return run;
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
    if (run.options.on_error == OnError::kKeep) {
      ARROW_ASSIGN_OR_RAISE(run.options.dead_letters,
                            context_.ends().open_dead_letters(run.options));
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
  const StatementResult& told_;
  StatementRows rows_;
};

}  // namespace

Result<std::vector<StatementRun>> open_runs(StatementContext& context,
                                            const Statement& statement, DataSink* results,
                                            StatementResult& result) {
  Sinks sinks;
  if (!statement.explain) {
    ARROW_ASSIGN_OR_RAISE(sinks, context.ends().open_sinks(statement, result.sinks));
  }
  RunOpener opener(context, statement, result, /*tells_steps=*/false);
  if (!sinks.empty()) return opener.open_all(std::move(sinks));
  if (!results) return has_nowhere_to_go(statement);
  std::vector<StatementRun> runs(1);
  ARROW_ASSIGN_OR_RAISE(runs.front(), opener.open_shown(*results));
  return runs;
}

Result<std::vector<StatementRun>> open_runs_to_look(StatementContext& context,
                                                    const Statement& statement) {
  StatementResult told = result_of(statement);
  ARROW_ASSIGN_OR_RAISE(Sinks sinks, context.ends().open_sinks(statement, told.sinks));
  return RunOpener(context, statement, told, /*tells_steps=*/true)
      .open_all(std::move(sinks));
}

bool fans_out(const StatementRun& run) { return run.result.sinks.size() > 1; }

}  // namespace velo::sql
