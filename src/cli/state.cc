#include "state.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "command.h"
#include "commit_observer.h"
#include "confirmation.h"
#include "log.h"
#include "progress.h"
#include "sql_arguments.h"
#include "state_place.h"
#include "state_text.h"
#include "terminal_text.h"
#include "velo/api.h"
#include "verb.h"

namespace velo::cli {
namespace {

constexpr char kShow[] = "show";
constexpr char kReset[] = "reset";
constexpr char kRewind[] = "rewind";
constexpr char kFork[] = "fork";

struct StateArguments {
  std::string action;
  std::string target;
  std::string name;
  std::string source;
  std::string on_error;
  std::string config;
  PlaceArguments place;
  bool json = false;
  bool yes = false;
  bool leave_source = false;
};

// A pipeline, opened at its sink.
struct OpenState {
  KeptPipeline kept;
  std::string called;  // in messages: its name, or of several sinks its id
  std::unique_ptr<DataSink> sink;
  std::unique_ptr<DataSink> dead_letters;
  std::string dead_letter_address;  // without secrets
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
    if (arguments_.action == kRewind || arguments_.action == kFork) return set_place();
    ARROW_ASSIGN_OR_RAISE(auto pipelines,
                          is_script(arguments_.target) ? of_script() : of_sink());
    for (OpenState& pipeline : pipelines) {
      TransactionalSink* sink = pipeline.sink->transactions();
      pipeline.kept.keeps_records = sink != nullptr;
      if (!sink) continue;
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
    const std::string& action = arguments_.action;
    if (arguments_.json && action != kShow) {
      return refuse("--json is an option of velo state show");
    }
    const bool is_of_reset = arguments_.leave_source || !arguments_.source.empty() ||
                             !arguments_.on_error.empty();
    if (is_of_reset && action != kReset) {
      return refuse(
          "--source, --leave-source and --on-error are options of velo state reset");
    }
    if (arguments_.yes && action != kReset && action != kRewind) {
      return refuse("--yes is an option of velo state reset and rewind");
    }
    const bool is_of_rewind =
        !arguments_.place.to.empty() || !arguments_.place.split.empty();
    if (is_of_rewind && action != kRewind) {
      return refuse("--to and --split are options of velo state rewind");
    }
    if (!arguments_.place.new_name.empty() && action != kFork) {
      return refuse("a second name is only for velo state fork");
    }
    if (action == kReset && !is_script(arguments_.target) && arguments_.name.empty()) {
      return refuse(
          fmt::format("which pipeline? velo state reset {} NAME; velo state "
                      "show lists them",
                      arguments_.target));
    }
    return action == kRewind || action == kFork ? check_place() : Status::OK();
  }

  // What is set by hand is checked as a run would: by the statement.
  Status check_place() const {
    const bool rewinds = arguments_.action == kRewind;
    const bool is_whole =
        is_script(arguments_.target) && !arguments_.name.empty() &&
        !(rewinds ? arguments_.place.to : arguments_.place.new_name).empty();
    if (is_whole) return Status::OK();
    return make_error(
        ErrorKind::kInvalidArgument, {},
        rewinds
            ? "velo state rewind FILE.sql NAME --to earliest, a number or a time: the "
              "statement is needed, as its run will be by it"
            : "velo state fork FILE.sql NAME NEW_NAME: both statements are needed");
  }

  Status set_place() const {
    SqlArguments sql;
    sql.target = arguments_.target;
    ARROW_ASSIGN_OR_RAISE(const SqlScript script, read_script(sql));
    PlaceArguments place = arguments_.place;
    place.name = arguments_.name;
    place.yes = arguments_.yes;
    const auto set = arguments_.action == kRewind ? rewind_statement : fork_statement;
    return set(script, connections_, place, stop_);
  }

  Result<OpenState> open(std::string name, PipelineIdentity pipeline,
                         const Uri& sink) const {
    OpenState opened;
    opened.called = name;
    opened.kept.name = std::move(name);
    opened.kept.pipeline = std::move(pipeline);
    opened.kept.sink = redact_uri(sink);
    ARROW_ASSIGN_OR_RAISE(opened.sink, registry().create_sink(sink));
    return opened;
  }

  static Status open_dead_letters(const Uri& uri, OpenState& pipeline) {
    pipeline.dead_letter_address = redact_uri(uri);
    ARROW_ASSIGN_OR_RAISE(pipeline.dead_letters, registry().create_sink(uri));
    return pipeline.dead_letters->promise(Guarantee::kExactlyOnce).status();
  }

  Result<std::vector<OpenState>> of_script() {
    SqlArguments sql;
    sql.target = arguments_.target;
    ARROW_ASSIGN_OR_RAISE(script_, read_script(sql));
    SessionOptions options;
    options.registry = &registry();
    options.connections = connections_;
    session_.emplace(std::move(options));
    ARROW_ASSIGN_OR_RAISE(const auto statements,
                          session_->named_statements(script_.text, script_.name, stop_));
    std::vector<OpenState> pipelines;
    std::vector<std::string> known;
    for (const NamedStatement& statement : statements) {
      known.push_back(statement.name);
      for (const NamedStatement::Sink& sink : statement.sinks) {
        ARROW_ASSIGN_OR_RAISE(auto pipeline, open_if_meant(statement, sink.uri));
        if (!pipeline) continue;
        if (sink.dead_letters && arguments_.action == kReset) {
          ARROW_RETURN_NOT_OK(open_dead_letters(*sink.dead_letters, *pipeline));
        }
        pipelines.push_back(*std::move(pipeline));
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

  // What a statement is at one of its sinks, where that is asked for: by its name, or by
  // the id of this one alone.
  Result<std::optional<OpenState>> open_if_meant(const NamedStatement& statement,
                                                 const Uri& sink) const {
    const std::string name = lower(statement.name);
    const bool is_named = arguments_.name.empty() || name == lower(arguments_.name);
    ARROW_ASSIGN_OR_RAISE(OpenState opened, open(statement.name, {}, sink));
    const std::string& address = opened.kept.sink;
    const bool has_id =
        pipeline_of_sink(name, *opened.sink, address).id == arguments_.name;
    if (!is_named && !has_id) return std::nullopt;
    const bool is_one_of_several = statement.sinks.size() > 1;
    ARROW_ASSIGN_OR_RAISE(
        opened.kept.pipeline,
        find_pipeline_of_sink(name, *opened.sink, address, is_one_of_several, stop_));
    if (!is_named && opened.kept.pipeline.id != arguments_.name) return std::nullopt;
    if (is_one_of_several) opened.called = opened.kept.pipeline.id;
    return opened;
  }

  Result<std::vector<OpenState>> of_sink() {
    ARROW_ASSIGN_OR_RAISE(const Uri uri, address_of(arguments_.target, connections_));
    std::vector<std::string> ids;
    if (!arguments_.name.empty()) {
      ids.push_back(named_pipeline(lower(arguments_.name)).id);
    }
    ARROW_ASSIGN_OR_RAISE(const auto sink, registry().create_sink(uri));
    TransactionalSink* transactions = sink->transactions();
    if (!transactions) return keeps_no_records(redact_uri(uri));
    if (ids.empty()) {
      ARROW_ASSIGN_OR_RAISE(ids, transactions->list_pipelines("", stop_));
    }
    std::vector<OpenState> pipelines;
    for (std::string& id : ids) {
      ARROW_ASSIGN_OR_RAISE(auto pipeline, open(id, pipeline_of_id(id), uri));
      if (!arguments_.on_error.empty()) {
        ARROW_ASSIGN_OR_RAISE(const Uri bad,
                              address_of(arguments_.on_error, connections_));
        ARROW_RETURN_NOT_OK(open_dead_letters(bad, pipeline));
      }
      pipelines.push_back(std::move(pipeline));
    }
    return pipelines;
  }

  Status check_is_known(const OpenState& pipeline) const {
    if (pipeline.kept.state || is_script(arguments_.target)) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto known,
                          pipeline.sink->transactions()->list_pipelines("", stop_));
    return unknown_name(arguments_.name, pipeline.kept.sink, known);
  }

  Status show(std::vector<OpenState> pipelines) const {
    std::vector<KeptPipeline> kept;
    for (OpenState& pipeline : pipelines) {
      if (!arguments_.name.empty()) ARROW_RETURN_NOT_OK(check_is_known(pipeline));
      kept.push_back(std::move(pipeline.kept));
    }
    if (arguments_.json) {
      fmt::print("{}", json_of(kept));
      return Status::OK();
    }
    for (const KeptPipeline& pipeline : kept) {
      fmt::print("{}", for_terminal(text_of(pipeline)));
    }
    if (kept.empty()) fmt::print("no pipeline has a record here\n");
    return Status::OK();
  }

  Status reset(const std::vector<OpenState>& pipelines) {
    for (const OpenState& pipeline : pipelines) {
      const KeptPipeline& kept = pipeline.kept;
      if (!kept.state) {
        tell("not_known", kept,
             fmt::format("{}: nothing is kept at {}", pipeline.called, kept.sink));
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(const auto source, source_of(pipeline));
      const KeptElsewhere elsewhere{
          .source = source ? source->splits() : nullptr,
          .dead_letters =
              pipeline.dead_letters ? pipeline.dead_letters->transactions() : nullptr,
          .observer = commit_observer()};
      tell_what_goes(pipeline, elsewhere);
      ARROW_ASSIGN_OR_RAISE(const bool may_go, is_wanted(pipeline));
      if (!may_go) continue;
      ARROW_RETURN_NOT_OK(
          reset_pipeline(*pipeline.sink->transactions(), elsewhere, kept.pipeline, stop_)
              .status());
      tell("reset", kept,
           fmt::format("{}: reset; its next run begins anew", pipeline.called));
    }
    return Status::OK();
  }

  static void tell(std::string_view event, const KeptPipeline& kept, std::string message,
                   std::vector<LogField> fields = {}) {
    fields.emplace_back("sink", kept.sink);
    log().write({.name = event,
                 .pipeline = kept.pipeline.id,
                 .message = std::move(message),
                 .fields = std::move(fields)});
  }

  // What the pipeline reads, so that what is kept there can go; nullptr where it is left.
  Result<std::unique_ptr<DataSource>> source_of(const OpenState& pipeline) {
    const KeptPipeline& kept = pipeline.kept;
    if (arguments_.leave_source) return nullptr;
    if (!arguments_.source.empty()) {
      ARROW_ASSIGN_OR_RAISE(const Uri uri, address_of(arguments_.source, connections_));
      return registry().create_source(uri);
    }
    if (session_) {
      auto opened = session_->open_pipelines(script_.text, pipeline.called, stop_);
      if (!opened.ok()) {
        return opened.status().WithMessage(opened.status().message() +
                                           "\nwhat it reads cannot be opened; "
                                           "--leave-source leaves what is kept there");
      }
      for (OpenPipeline& one : *opened) {
        if (one.address == kept.sink) return std::move(one.source);
      }
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

  static void tell_what_goes(const OpenState& pipeline, const KeptElsewhere& elsewhere) {
    const KeptPipeline& kept = pipeline.kept;
    const CommitRecord& record = kept.state->record;
    std::vector<std::string> goes = {"its record at " + kept.sink};
    if (elsewhere.source) {
      for (std::string& what :
           elsewhere.source->kept_for(reader_of(kept.pipeline, record))) {
        goes.push_back(std::move(what));
      }
    }
    if (elsewhere.dead_letters) {
      goes.push_back("the record of its bad records at " + pipeline.dead_letter_address);
    }
    tell("goes", kept,
         fmt::format("{}: {}, {} rows committed\n  goes:  {}\n"
                     "  stays: its rows. Its next run reads from the beginning and "
                     "writes them again: empty\n         the sink before that, or they "
                     "are there twice",
                     pipeline.called, condition_of(kept),
                     with_separators(record.num_rows), fmt::join(goes, "\n  goes:  ")),
         {{"rows", record.num_rows},
          {"goes", std::string_view(fmt::format("{}", fmt::join(goes, ", ")))}});
  }

  Result<bool> is_wanted(const OpenState& pipeline) const {
    if (arguments_.yes) return true;
    const std::string& called = pipeline.called;
    ARROW_ASSIGN_OR_RAISE(const bool wanted, is_confirmed("Reset " + called, called));
    if (!wanted) {
      tell("left", pipeline.kept, fmt::format("{}: left as it is", called));
    }
    return wanted;
  }

  const StateArguments& arguments_;
  const std::stop_token stop_;
  Connections connections_;
  SqlScript script_;
  std::optional<Session> session_;  // of a script
};

}  // namespace

std::vector<std::string> state_actions() { return {kShow, kReset, kRewind, kFork}; }

Verb add_state_verb(CLI::App& program) {
  const auto arguments = std::make_shared<StateArguments>();
  CLI::App* parser = program.add_subcommand(
      "state", "Show, set or remove what a sink keeps of pipelines");
  parser
      ->add_option(
          "ACTION", arguments->action,
          "show; reset: begin anew; rewind: read again; fork: go on under NEW_NAME too")
      ->required()
      ->check(CLI::IsMember(state_actions()));
  add_address(*parser, "TARGET", arguments->target,
              "A file of statements (.sql; - is standard input), or the URI of a sink")
      ->required();
  parser->add_option("NAME", arguments->name, "The pipeline; without it all of them");
  parser->add_option("NEW_NAME", arguments->place.new_name,
                     "Of fork: the statement that goes on from where NAME is");
  parser->add_option(
      "--to", arguments->place.to,
      "Of rewind: earliest, the number of a record, message or row, or a time "
      "of a topic's messages (2026-01-31T12:00:00Z)");
  parser->add_option("--split", arguments->place.split,
                     "Of rewind: the file or partition, as show names it (all)");
  parser->add_flag("--json", arguments->json, "Show it as JSON");
  parser->add_flag("-y,--yes", arguments->yes, "Do it without asking");
  add_address(*parser, "--source", arguments->source,
              "What the pipeline reads: what is kept for it there is removed too");
  parser->add_flag("--leave-source", arguments->leave_source,
                   "Leave what is kept for it at its source");
  add_address(*parser, "--on-error", arguments->on_error,
              "Where its bad records are kept: their record is removed too");
  add_config_option(*parser, arguments->config);
  return {parser, [arguments] {
            const Interrupts interrupts;
            const Status status = StateVerb(*arguments, interrupts.token()).run();
            return status.ok() ? static_cast<int>(kDone) : report(status);
          }};
}

}  // namespace velo::cli
