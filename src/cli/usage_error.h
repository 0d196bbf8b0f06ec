#pragma once

/// What is said of a command line that cannot be meant.

#include <CLI/CLI.hpp>
#include <string>

namespace velo::cli {

/// The error and, where a word is near one that is known, what was most likely meant.
/// `program` has failed to parse with `error`.
std::string explain_usage(const CLI::App& program, const CLI::Error& error);

}  // namespace velo::cli
