#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

#include "command.h"
#include "copy_pair.h"
#include "pipeline_arguments.h"
#include "plan_text.h"
#include "sql_arguments.h"
#include "terminal_text.h"
#include "velo/api.h"
#include "verb.h"

namespace velo::cli {
namespace {

struct PlanArguments {
  SqlArguments sql;  ///< its target is a file of statements, or what is copied
  std::string to;
  PipelineArguments pipeline;
  std::string required;
  bool json = false;
};

using Plans = std::vector<StatementPlan>;

Result<Plans> plan_copy(const PlanArguments& arguments, std::stop_token stop) {
  PipelineArguments pipeline = arguments.pipeline;
  pipeline.memory = arguments.sql.memory;
  ARROW_ASSIGN_OR_RAISE(const CopyPairs opened,
                        open_copies(arguments.sql.target, arguments.to,
                                    arguments.sql.config, pipeline, stop));
  warn_of_left_out(opened.left_out);
  Plans plans;
  for (const CopyPair& pair : opened.pairs) {
    StatementPlan plan{
        .kind = StatementKind::kInsert, .name = pair.identity.id, .place = pair.stream};
    plan.sources.push_back(pair.from);
    PlannedSink sink{.address = pair.to};
    auto run = plan_run(*pair.source, *pair.sink, pair.identity, pair.options, stop);
    // What is wrong with one of several is told beside the others.
    if (!run.ok() && pair.stream.empty()) return run.status();
    sink.run.obstacle = run.status();
    if (run.ok()) sink.run = *std::move(run);
    plan.sinks.push_back(std::move(sink));
    plans.push_back(std::move(plan));
  }
  return plans;
}

Result<Plans> plan_statements(const PlanArguments& arguments, std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const SqlScript script, read_script(arguments.sql));
  ARROW_ASSIGN_OR_RAISE(SessionOptions options, session_options_of(arguments.sql));
  options.pipeline_options = arguments.pipeline.given();
  Session session(std::move(options));
  return session.plan(script.text, script.name, std::move(stop));
}

// The first thing that would not go as asked.
Status verdict_on(const Plans& plans, bool requires_exactly_once) {
  for (const StatementPlan& plan : plans) {
    ARROW_RETURN_NOT_OK(plan.obstacle);
    for (const PlannedSink& sink : plan.sinks) {
      ARROW_RETURN_NOT_OK(annotate(sink.run.obstacle, sink.address));
      if (!requires_exactly_once || sink.run.guarantee == Guarantee::kExactlyOnce) {
        continue;
      }
      return make_error(ErrorKind::kInvalidArgument, {.resource = sink.address},
                        fmt::format("--require exactly-once: it is {}: {}",
                                    name_of(sink.run.guarantee), sink.run.why));
    }
  }
  return Status::OK();
}

Status plan(const PlanArguments& arguments, std::stop_token stop) {
  if (!arguments.to.empty() && !arguments.sql.sql.empty()) {
    return make_error(ErrorKind::kInvalidArgument, {},
                      "give either SRC and DST, or SQL with -e, not both");
  }
  ARROW_ASSIGN_OR_RAISE(const Plans plans,
                        arguments.to.empty() ? plan_statements(arguments, std::move(stop))
                                             : plan_copy(arguments, std::move(stop)));
  fmt::print("{}", arguments.json ? json_of(plans) : for_terminal(text_of(plans)));
  return verdict_on(plans, !arguments.required.empty());
}

}  // namespace

Verb add_plan_verb(CLI::App& program) {
  const auto arguments = std::make_shared<PlanArguments>();
  CLI::App* parser = program.add_subcommand(
      "plan", "Say what FILE, SQL, or copying SRC into DST would do, and do nothing");
  add_sql_options(*parser, arguments->sql, "FILE",
                  "File of statements; or with DST what would be copied");
  add_address(*parser, "DST", arguments->to, "URI or path that would be written");
  add_pipeline_options(*parser, arguments->pipeline);
  parser
      ->add_option("--require", arguments->required,
                   "exactly-once: fail where less is promised")
      ->check(CLI::IsMember({std::string(name_of(Guarantee::kExactlyOnce))}));
  parser->add_flag("--json", arguments->json, "Say it as JSON");
  return {parser, [arguments] {
            const Interrupts interrupts;
            const Status status = plan(*arguments, interrupts.token());
            return status.ok() ? static_cast<int>(kDone) : report(status);
          }};
}

}  // namespace velo::cli
