#include <fmt/format.h>

#include <memory>
#include <string>

#include "command.h"
#include "sql_arguments.h"
#include "terminal_text.h"
#include "velo/api.h"
#include "verb.h"

namespace velo::cli {
namespace {

constexpr char kSource[] = "source";
constexpr char kSink[] = "sink";

struct CheckArguments {
  std::string address;
  std::string use;
  std::string config;
};

std::string_view mark_of(const CheckStep& step) {
  if (!step.status.ok()) return "failed";
  return step.lacks ? "lacks" : "ok";
}

void show(const CheckStep& step) {
  fmt::print("{:<7} {}: {}\n", mark_of(step), for_terminal(step.what),
             for_terminal(step.status.ok() ? step.found : step.status.message()));
}

// A source, where it can be one and nothing else was asked for.
std::string use_of(const CheckArguments& arguments, const Uri& uri) {
  if (!arguments.use.empty()) return arguments.use;
  const Connector* connector = registry().find(uri.scheme);
  return connector && !connector->create_source ? kSink : kSource;
}

// Each of those that the address names.
Status check_streams(const Uri& uri, CheckReport& report, const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const StreamList list, registry().list_streams(uri, stop));
  for (const Stream& stream : list.streams) {
    if (list.streams.size() > 1) fmt::print("{}\n", for_terminal(stream.name));
    ARROW_ASSIGN_OR_RAISE(const auto source, registry().create_source(stream.uri));
    source->check(report, stop);
  }
  for (const std::string& what : list.left_out) report.lacks("left out", what);
  return Status::OK();
}

// The exit code: by the first step that failed, which was told.
Result<int> check(const CheckArguments& arguments, const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const Connections connections,
                        load_connections(arguments.config));
  ARROW_ASSIGN_OR_RAISE(const Uri uri, address_of(arguments.address, connections));
  CheckReport report(show);
  if (use_of(arguments, uri) == kSource) {
    ARROW_RETURN_NOT_OK(check_streams(uri, report, stop));
  } else {
    ARROW_ASSIGN_OR_RAISE(const Uri one, sink_of_stream(uri, {}));
    ARROW_ASSIGN_OR_RAISE(const auto sink, registry().create_sink(one));
    sink->check(report, stop);
  }
  const Status& failure = report.failure();
  return failure.ok() ? static_cast<int>(kDone) : exit_code_of(failure);
}

int run_check(const CheckArguments& arguments) {
  const Interrupts interrupts;
  const Result<int> exit_code = check(arguments, interrupts.token());
  return exit_code.ok() ? *exit_code : report(exit_code.status());
}

}  // namespace

Verb add_check_verb(CLI::App& program) {
  const auto arguments = std::make_shared<CheckArguments>();
  CLI::App* parser = program.add_subcommand(
      "check", "Try, step by step, whether URI can be read or written");
  add_address(*parser, "URI", arguments->address, "URI or path to try")->required();
  parser
      ->add_option("--as", arguments->use, "source, or sink (source where it can be one)")
      ->check(CLI::IsMember({kSource, kSink}));
  add_config_option(*parser, arguments->config);
  return {parser, [arguments] { return run_check(*arguments); }};
}

}  // namespace velo::cli
