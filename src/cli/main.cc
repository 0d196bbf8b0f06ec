#include <arrow/memory_pool.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "command.h"
#include "log_arguments.h"
#include "sql_arguments.h"
#include "usage_error.h"
#include "velo/version.h"
#include "verb.h"

namespace velo::cli {
namespace {

// To CLI11 "-?format=csv" is a flag; it is not with a mark before it, which
// add_address() takes away again.
std::vector<std::string> with_marks(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  for (std::string& argument : arguments) {
    if (argument.starts_with("-?")) argument.insert(0, 1, kAddressMark);
  }
  std::ranges::reverse(arguments);  // as CLI11 wants them
  return arguments;
}

int run(int argc, char** argv) {
  CLI::App program("VeloStream moves data between systems, exactly once.", "velo");
  program.set_version_flag("--version", "velo " + std::string(version()));
  program.require_subcommand(1);
  const std::array verbs = {
      add_run_verb(program),    add_copy_verb(program),      add_show_verb(program),
      add_schema_verb(program), add_plan_verb(program),      add_check_verb(program),
      add_verify_verb(program), add_state_verb(program),     add_dlq_verb(program),
      add_help_verb(program),   add_completion_verb(program)};
  for (const Verb& verb : verbs) add_log_options(*verb.parser);
  if (const Status status = begin_log(argc, argv); !status.ok()) return report(status);
  try {
    program.parse(with_marks(argc, argv));
  } catch (const CLI::ParseError& error) {
    // The help and the version come as errors too.
    if (error.get_exit_code() == 0) return program.exit(error);
    return report(
        make_error(ErrorKind::kInvalidArgument, {}, explain_usage(program, error)));
  }
  for (const Verb& verb : verbs) {
    if (verb.parser->parsed()) return verb.run();
  }
  return kBug;
}

// Rows are made by one thread and dropped by another. Arrow's first choice, mimalloc,
// then keeps as much again for itself; jemalloc does not, and takes less time. To be
// called before anything is allocated.
void choose_allocator() {
  constexpr char kAllocator[] = "jemalloc";
  const auto known = arrow::SupportedMemoryBackendNames();
  if (std::find(known.begin(), known.end(), kAllocator) == known.end()) return;
  ::setenv("ARROW_DEFAULT_MEMORY_POOL", kAllocator, /*overwrite=*/0);
}

}  // namespace
}  // namespace velo::cli

int main(int argc, char** argv) {
  velo::cli::choose_allocator();
  return velo::cli::run(argc, argv);
}
