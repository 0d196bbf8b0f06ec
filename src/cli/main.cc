#include <CLI/CLI.hpp>
#include <array>
#include <string>

#include "command.h"
#include "velo/version.h"
#include "verb.h"

namespace velo::cli {
namespace {

int run(int argc, char** argv) {
  CLI::App program("VeloStream moves data between systems, exactly once.", "velo");
  program.set_version_flag("--version", "velo " + std::string(version()));
  program.require_subcommand(1);
  const std::array verbs = {add_run_verb(program),  add_copy_verb(program),
                            add_show_verb(program), add_schema_verb(program),
                            add_help_verb(program), add_completion_verb(program)};
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = program.exit(error);
    return code == 0 ? kDone : kCannotAsAsked;
  }
  for (const Verb& verb : verbs) {
    if (verb.parser->parsed()) return verb.run();
  }
  return kBug;
}

}  // namespace
}  // namespace velo::cli

int main(int argc, char** argv) { return velo::cli::run(argc, argv); }
