#pragma once

/// Pipeline options as flags: --commit-every for commit_every.

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

namespace velo::cli {

struct PipelineArguments {
  std::string guarantee;
  std::string commit_every;
  std::string parallel;
  std::string limit;
  std::string retry_for;
  std::string on_error;
  std::string on_changed;
  std::string refresh;
  std::string on_schema_change;
  std::string memory;
  std::string max_record_bytes;
  std::string from;
  std::string until;
  bool once = false;

  /// Those that were given, by their names in SQL.
  std::vector<std::pair<std::string, std::string>> given() const;
};

/// Add --memory to a verb.
void add_memory_option(CLI::App& parser, std::string& memory);

/// Add the other flags to a verb.
void add_pipeline_options(CLI::App& parser, PipelineArguments& arguments);

}  // namespace velo::cli
