#pragma once

/// What the verbs that run pipelines take for those who watch them.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

namespace velo::cli {

struct MonitorArguments {
  std::optional<int> metrics_port;
  std::string metrics_address = "127.0.0.1";
};

/// Add --metrics-port and --metrics-address to a verb.
void add_monitor_options(CLI::App& parser, MonitorArguments& arguments);

}  // namespace velo::cli
