#pragma once

/// One verb of the command line: its options, and what it does with them.

#include <CLI/CLI.hpp>
#include <functional>

namespace velo::cli {

struct Verb {
  CLI::App* parser = nullptr;
  std::function<int()> run;  ///< returns the exit code
};

// Each in a file of its name. They add themselves to the program's parser.
Verb add_check_verb(CLI::App& program);
Verb add_completion_verb(CLI::App& program);
Verb add_copy_verb(CLI::App& program);
Verb add_dlq_verb(CLI::App& program);
Verb add_help_verb(CLI::App& program);
Verb add_plan_verb(CLI::App& program);
Verb add_run_verb(CLI::App& program);
Verb add_schema_verb(CLI::App& program);
Verb add_show_verb(CLI::App& program);
Verb add_state_verb(CLI::App& program);
Verb add_verify_verb(CLI::App& program);

}  // namespace velo::cli
