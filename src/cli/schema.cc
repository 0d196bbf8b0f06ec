#include <memory>

#include "command.h"
#include "sql_arguments.h"
#include "velo/api.h"
#include "verb.h"

namespace velo::cli {
namespace {

Status show_schema(const SqlArguments& arguments, const Interrupts& interrupts) {
  ARROW_ASSIGN_OR_RAISE(SessionOptions options, session_options_of(arguments));
  ARROW_ASSIGN_OR_RAISE(const auto sink, create_sink("-"));
  Session session(options);
  ARROW_ASSIGN_OR_RAISE(const auto source, source_of(arguments, options.connections,
                                                     session, interrupts.token()));
  ARROW_ASSIGN_OR_RAISE(const auto schema, source->fetch_schema());
  ARROW_ASSIGN_OR_RAISE(const auto rows, describe(*schema));
  return copy(*rows, *sink, {}, interrupts.token()).status();
}

}  // namespace

Verb add_schema_verb(CLI::App& program) {
  const auto arguments = std::make_shared<SqlArguments>();
  CLI::App* parser =
      program.add_subcommand("schema", "Show the columns of URI, or of what SQL yields");
  add_sql_options(*parser, *arguments, "URI", "URI or path to look at");
  add_stream_option(*parser, *arguments);
  return {parser, [arguments] {
            const Interrupts interrupts;
            const Status status = show_schema(*arguments, interrupts);
            return status.ok() ? static_cast<int>(kDone) : report(status);
          }};
}

}  // namespace velo::cli
