#pragma once

/// How standard error is to be written: --log-format, or VELO_LOG_FORMAT.

#include <CLI/CLI.hpp>

#include "velo/error.h"

namespace velo::cli {

/// Add --log-format to a verb.
void add_log_options(CLI::App& parser);

/// Have log() write as the environment and then the command line say, which is not parsed
/// yet: what is wrong with it is told in that format too. Errors: kInvalidArgument.
Status begin_log(int argc, char** argv);

}  // namespace velo::cli
