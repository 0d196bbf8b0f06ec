#include "state.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "command.h"
#include "progress.h"
#include "sql_arguments.h"
#include "state_text.h"
#include "velo/api.h"
#include "verb.h"

namespace velo::cli {
namespace {

constexpr char kShow[] = "show";
constexpr char kReset[] = "reset";

struct StateArguments {
  std::string action;
  std::string target;
  std::string name;
  std::string source;
  std::string config;
  bool json = false;
  bool yes = false;
  bool leave_source = false;
};

// A pipeline, opened at its sink.
struct OpenPipeline {
  KeptPipeline kept;
  std::unique_ptr<DataSink> sink;
  bool is_of_several = false;  // sinks, which keep no record together
};

bool is_script(const std::string& target) {
  return target == "-" || target.ends_with(".sql");
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return text;
}

Status unknown_name(const std::string& name, const std::string& place,
                    const std::vector<std::string>& known) {
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  const std::string_view near = nearest_name(name, candidates);
  const std::string hint = !near.empty() ? fmt::format("; did you mean '{}'?", near)
                           : known.empty()
                               ? "; there is none"
                               : fmt::format("; there are {}", fmt::join(known, ", "));
  return make_error(ErrorKind::kNotFound, {.resource = place},
                    fmt::format("there is no pipeline '{}' here{}", name, hint));
}

Status keeps_no_records(const std::string& sink) {
  return make_error(ErrorKind::kInvalidArgument, {.resource = sink},
                    "such a sink keeps no record of pipelines: each run starts anew");
}

class StateVerb {
 public:
  StateVerb(const StateArguments& arguments, std::stop_token stop)
      : arguments_(arguments), stop_(std::move(stop)) {}

  Status run() {
    ARROW_RETURN_NOT_OK(check_arguments());
    ARROW_ASSIGN_OR_RAISE(connections_, load_connections(arguments_.config));
    ARROW_ASSIGN_OR_RAISE(auto pipelines,
                          is_script(arguments_.target) ? of_script() : of_sink());
    for (OpenPipeline& pipeline : pipelines) {
      TransactionalSink* sink = pipeline.sink->transactions();
      pipeline.kept.keeps_records = sink && !pipeline.is_of_several;
      if (!pipeline.kept.keeps_records) continue;
      ARROW_ASSIGN_OR_RAISE(pipeline.kept.state,
                            look_at_pipeline(*sink, pipeline.kept.pipeline, stop_));
    }
    if (arguments_.action == kShow) return show(std::move(pipelines));
    return reset(pipelines);
  }

 private:
  Status check_arguments() const {
    const auto refuse = [](std::string message) {
      return make_error(ErrorKind::kInvalidArgument, {}, std::move(message));
    };
    const bool resets = arguments_.action == kReset;
    if (resets && arguments_.json)
      return refuse("--json is an option of velo state show");
    if (!resets &&
        (arguments_.yes || arguments_.leave_source || !arguments_.source.empty())) {
      return refuse("--yes, --source and --leave-source are options of velo state reset");
    }
    if (resets && !is_script(arguments_.target) && arguments_.name.empty()) {
      return refuse(
          fmt::format("which pipeline? velo state reset {} NAME; velo state "
                      "show lists them",
                      arguments_.target));
    }
    return Status::OK();
  }

  Result<OpenPipeline> open(std::string name, PipelineIdentity pipeline,
                            const Uri& sink) const {
    OpenPipeline opened;
    opened.kept.name = std::move(name);
    opened.kept.pipeline = std::move(pipeline);
    opened.kept.sink = redact_uri(sink);
    ARROW_ASSIGN_OR_RAISE(opened.sink, builtin_registry().create_sink(sink));
    return opened;
  }

  Result<std::vector<OpenPipeline>> of_script() {
    SqlArguments sql;
    sql.target = arguments_.target;
    ARROW_ASSIGN_OR_RAISE(script_, read_script(sql));
    SessionOptions options;
    options.connections = connections_;
    session_.emplace(std::move(options));
    ARROW_ASSIGN_OR_RAISE(const auto statements,
                          session_->named_statements(script_.text, script_.name));
    std::vector<OpenPipeline> pipelines;
    std::vector<std::string> known;
    for (const NamedStatement& statement : statements) {
      known.push_back(statement.name);
      const bool is_meant =
          arguments_.name.empty() || lower(statement.name) == lower(arguments_.name);
      if (!is_meant) continue;
      for (const Uri& sink : statement.sinks) {
        ARROW_ASSIGN_OR_RAISE(auto pipeline,
                              open(statement.name, statement.pipeline, sink));
        pipeline.is_of_several = statement.sinks.size() > 1;
        pipelines.push_back(std::move(pipeline));
      }
    }
    if (!pipelines.empty()) return pipelines;
    if (!arguments_.name.empty()) {
      return unknown_name(arguments_.name, script_.name, known);
    }
    return make_error(ErrorKind::kInvalidArgument, {.resource = script_.name},
                      "no statement here has both a name and a sink, so that nothing is "
                      "kept under a name: CREATE STREAM name AS SELECT … INSERT INTO …");
  }

  Result<std::vector<OpenPipeline>> of_sink() {
    ARROW_ASSIGN_OR_RAISE(const Uri uri, address_of(arguments_.target, connections_));
    std::vector<std::string> ids;
    if (!arguments_.name.empty()) {
      ids.push_back(named_pipeline(lower(arguments_.name)).id);
    }
    ARROW_ASSIGN_OR_RAISE(const auto sink, builtin_registry().create_sink(uri));
    TransactionalSink* transactions = sink->transactions();
    if (!transactions) return keeps_no_records(redact_uri(uri));
    if (ids.empty()) {
      ARROW_ASSIGN_OR_RAISE(ids, transactions->list_pipelines(stop_));
    }
    std::vector<OpenPipeline> pipelines;
    for (std::string& id : ids) {
      ARROW_ASSIGN_OR_RAISE(auto pipeline, open(id, pipeline_of_id(id), uri));
      pipelines.push_back(std::move(pipeline));
    }
    return pipelines;
  }

  Status check_is_known(const OpenPipeline& pipeline) const {
    if (pipeline.kept.state || is_script(arguments_.target)) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto known,
                          pipeline.sink->transactions()->list_pipelines(stop_));
    return unknown_name(arguments_.name, pipeline.kept.sink, known);
  }

  Status show(std::vector<OpenPipeline> pipelines) const {
    std::vector<KeptPipeline> kept;
    for (OpenPipeline& pipeline : pipelines) {
      if (!arguments_.name.empty()) ARROW_RETURN_NOT_OK(check_is_known(pipeline));
      kept.push_back(std::move(pipeline.kept));
    }
    if (arguments_.json) {
      fmt::print("{}", json_of(kept));
      return Status::OK();
    }
    for (const KeptPipeline& pipeline : kept) fmt::print("{}", text_of(pipeline));
    if (kept.empty()) fmt::print("no pipeline has a record here\n");
    return Status::OK();
  }

  Status reset(const std::vector<OpenPipeline>& pipelines) {
    for (const OpenPipeline& pipeline : pipelines) {
      const KeptPipeline& kept = pipeline.kept;
      if (!kept.state) {
        fmt::print(stderr, "{}: nothing is kept at {}\n", kept.name, kept.sink);
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(const auto source, source_of(kept));
      SplitSource* splits = source ? source->splits() : nullptr;
      tell_what_goes(kept, splits);
      ARROW_ASSIGN_OR_RAISE(const bool may_go, is_wanted(kept));
      if (!may_go) continue;
      ARROW_RETURN_NOT_OK(
          reset_pipeline(*pipeline.sink->transactions(), splits, kept.pipeline, stop_)
              .status());
      fmt::print(stderr, "{}: reset; its next run begins anew\n", kept.name);
    }
    return Status::OK();
  }

  // What the pipeline reads, so that what is kept there can go; nullptr where it is left.
  Result<std::unique_ptr<DataSource>> source_of(const KeptPipeline& kept) {
    if (arguments_.leave_source) return nullptr;
    if (!arguments_.source.empty()) {
      ARROW_ASSIGN_OR_RAISE(const Uri uri, address_of(arguments_.source, connections_));
      return builtin_registry().create_source(uri);
    }
    if (session_) {
      auto source = session_->source_of(script_.text, kept.name);
      if (source.ok()) return source;
      return source.status().WithMessage(source.status().message() +
                                         "\nwhat it reads cannot be opened; "
                                         "--leave-source leaves what is kept there");
    }
    const CommitRecord& record = kept.state->record;
    const std::string& address = record.fingerprint.source;
    const Connector* connector = connector_of_source(address);
    const bool is_not_told = address.empty() && record.num_rows == 0;
    if (!is_not_told && !(connector && connector->keeps_for_readers)) return nullptr;
    return make_error(
        ErrorKind::kInvalidArgument, {.resource = kept.name},
        fmt::format("it reads {}, where something may be kept for it: a replication "
                    "slot. --source URI, with what signs in there, removes that too; "
                    "--leave-source leaves it",
                    is_not_told ? "what its record does not tell" : address));
  }

  void tell_what_goes(const KeptPipeline& kept, const SplitSource* splits) const {
    const CommitRecord& record = kept.state->record;
    fmt::print(stderr, "{}: {}, {} rows committed\n  goes:  its record at {}\n",
               kept.name, condition_of(kept), with_separators(record.num_rows),
               kept.sink);
    if (splits) {
      for (const std::string& what : splits->kept_for(reader_of(kept.pipeline, record))) {
        fmt::print(stderr, "  goes:  {}\n", what);
      }
    }
    fmt::print(stderr,
               "  stays: its rows. Its next run reads from the beginning and writes them "
               "again: empty\n         the sink before that, or they are there twice\n");
  }

  Result<bool> is_wanted(const KeptPipeline& kept) const {
    if (arguments_.yes) return true;
    if (::isatty(STDIN_FILENO) == 0) {
      return make_error(ErrorKind::kInvalidArgument, {.resource = kept.name},
                        "nothing was removed: nobody is here to be asked; --yes does it");
    }
    fmt::print(stderr, "Reset {}? [y/N] ", kept.name);
    std::string answer;
    std::getline(std::cin, answer);
    answer = lower(answer);
    if (answer == "y" || answer == "yes") return true;
    fmt::print(stderr, "{}: left as it is\n", kept.name);
    return false;
  }

  const StateArguments& arguments_;
  const std::stop_token stop_;
  Connections connections_;
  SqlScript script_;
  std::optional<Session> session_;  // of a script
};

}  // namespace

std::vector<std::string> state_actions() { return {kShow, kReset}; }

Verb add_state_verb(CLI::App& program) {
  const auto arguments = std::make_shared<StateArguments>();
  CLI::App* parser =
      program.add_subcommand("state", "Show or remove what a sink keeps of pipelines");
  parser->add_option("ACTION", arguments->action, "show, or reset: begin anew")
      ->required()
      ->check(CLI::IsMember(state_actions()));
  add_address(*parser, "TARGET", arguments->target,
              "A file of statements (.sql; - is standard input), or the URI of a sink")
      ->required();
  parser->add_option("NAME", arguments->name, "The pipeline; without it all of them");
  parser->add_flag("--json", arguments->json, "Show it as JSON");
  parser->add_flag("-y,--yes", arguments->yes, "Reset without asking");
  add_address(*parser, "--source", arguments->source,
              "What the pipeline reads: what is kept for it there is removed too");
  parser->add_flag("--leave-source", arguments->leave_source,
                   "Leave what is kept for it at its source");
  add_config_option(*parser, arguments->config);
  return {parser, [arguments] {
            const Interrupts interrupts;
            const Status status = StateVerb(*arguments, interrupts.token()).run();
            return status.ok() ? static_cast<int>(kDone) : report(status);
          }};
}

}  // namespace velo::cli
