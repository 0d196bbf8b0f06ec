#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "column_names.h"
#include "command.h"
#include "copy_pair.h"
#include "failures.h"
#include "sql_arguments.h"
#include "terminal_text.h"
#include "velo/api.h"
#include "verb.h"
#include "verify_text.h"

namespace velo::cli {
namespace {

struct VerifyArguments {
  std::string source;
  std::string sink;
  std::string columns;
  std::string key;
  std::string where;
  int64_t num_examples = 10;
  std::string config;
  bool json = false;
};

// One side, opened: the session is of its WHERE.
struct Side {
  std::string address;
  std::unique_ptr<Session> session;
  std::unique_ptr<DataSource> source;
};

// What a sink's address alone says does not matter to who reads it.
Uri reading_address(Uri uri) {
  const Connector* connector = registry().find(uri.scheme);
  if (!connector) return uri;
  std::erase_if(uri.options, [&](const auto& option) {
    return std::ranges::any_of(connector->options, [&](const OptionDescriptor& known) {
      return known.name == option.first && known.use == OptionUse::kSink;
    });
  });
  return uri;
}

// The address is on a line of its own, which no message about WHERE shows.
std::string select_text(const Uri& uri, const std::string& where) {
  std::string address = print_uri(uri);
  for (size_t at = 0; (at = address.find('\'', at)) != std::string::npos; at += 2) {
    address.insert(at, 1, '\'');
  }
  return fmt::format("SELECT * FROM {}('{}')\nWHERE\n{}", uri.scheme, address, where);
}

Result<Side> open_side(const Uri& given, const VerifyArguments& arguments) {
  Side side;
  const Uri uri = reading_address(given);
  side.address = redact_uri(uri);
  if (arguments.where.empty()) {
    ARROW_ASSIGN_OR_RAISE(side.source, registry().create_source(uri));
    return side;
  }
  SessionOptions options;
  options.registry = &registry();
  options.pipeline_options.emplace_back("once", "true");
  side.session = std::make_unique<Session>(std::move(options));
  QueryOptions query;
  query.name = "--where";
  ARROW_ASSIGN_OR_RAISE(side.source,
                        side.session->query(select_text(uri, arguments.where), query));
  return side;
}

// Whether both sides of one stream are equal.
Result<bool> verify_route(const StreamRoute& route, const VerifyArguments& arguments,
                          std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const Side source, open_side(route.stream.uri, arguments));
  ARROW_ASSIGN_OR_RAISE(const Side sink, open_side(route.sink, arguments));
  VerifyOptions options;
  if (!arguments.columns.empty()) options.columns = names_in(arguments.columns);
  if (!arguments.key.empty()) options.key = names_in(arguments.key);
  options.num_examples = arguments.num_examples;
  const auto verified = verify(*source.source, *sink.source, options, std::move(stop));
  const VerifiedEnds ends{source.address, sink.address};
  if (!verified.ok()) {
    return explain_stop(verified.status(),
                        fmt::format("{} and {}", ends.source, ends.sink),
                        " before all rows were compared");
  }
  fmt::print("{}", arguments.json ? json_of(ends, *verified)
                                  : for_terminal(text_of(ends, *verified)));
  return verified->equal;
}

// Each stream with its sink; what is wrong with one does not keep the others from it.
Result<int> verify_sides(const VerifyArguments& arguments, const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const Connections connections,
                        load_connections(arguments.config));
  ARROW_ASSIGN_OR_RAISE(const Uri source, address_of(arguments.source, connections));
  ARROW_ASSIGN_OR_RAISE(const Uri sink, address_of(arguments.sink, connections));
  ARROW_ASSIGN_OR_RAISE(const StreamRoutes routes,
                        route_streams(source, sink, registry(), stop));
  warn_of_left_out(routes.left_out);
  if (routes.routes.size() == 1) {
    ARROW_ASSIGN_OR_RAISE(const bool equal,
                          verify_route(routes.routes.front(), arguments, stop));
    return equal ? kDone : kCannotAsAsked;
  }
  Failures failures;
  size_t num_begun = 0;
  for (const StreamRoute& route : routes.routes) {
    if (stop.stop_requested()) break;
    ++num_begun;
    const auto equal = verify_route(route, arguments, stop);
    if (!equal.ok()) {
      failures.add(report(annotate(equal.status(), route.stream.name)));
    } else if (!*equal) {
      failures.add(kCannotAsAsked);
    }
  }
  const size_t num_streams = routes.routes.size();
  if (num_begun < num_streams) {
    failures.add(
        report(make_error(ErrorKind::kCancelled, {},
                          fmt::format("stopped; {} of {} streams were not compared",
                                      num_streams - num_begun, num_streams))));
  }
  return failures.worst().value_or(kDone);
}

}  // namespace

Verb add_verify_verb(CLI::App& program) {
  const auto arguments = std::make_shared<VerifyArguments>();
  CLI::App* parser = program.add_subcommand(
      "verify", "Compare the rows of SRC with those of DST; exits with 2 if they differ");
  add_address(*parser, "SRC", arguments->source, "URI or path to read")->required();
  add_address(*parser, "DST", arguments->sink,
              "URI or path to compare it with, as it was written to")
      ->required();
  parser->add_option("--columns", arguments->columns,
                     "Columns to compare: id,total,\"a,b\" (all; they must be the same)");
  parser->add_option("--key", arguments->key,
                     "Columns that name a row: differences are told by it");
  parser->add_option("--where", arguments->where,
                     "Compare only rows for which this holds, in SQL");
  parser
      ->add_option("-n,--rows", arguments->num_examples,
                   "Most differing rows to show (10)")
      ->check(CLI::Range(0, 1'000'000));
  parser->add_flag("--json", arguments->json, "Say it as JSON");
  add_config_option(*parser, arguments->config);
  return {parser, [arguments] {
            const Interrupts interrupts;
            const Result<int> code = verify_sides(*arguments, interrupts.token());
            return code.ok() ? *code : report(code.status());
          }};
}

}  // namespace velo::cli
