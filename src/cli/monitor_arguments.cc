#include "monitor_arguments.h"

namespace velo::cli {

void add_monitor_options(CLI::App& parser, MonitorArguments& arguments) {
  constexpr int kMostPorts = 65535;
  CLI::Option* port =
      parser
          .add_option("--metrics-port", arguments.metrics_port,
                      "Serve /metrics for Prometheus, and /healthz; 0: any free port")
          ->check(CLI::Range(0, kMostPorts));
  parser
      .add_option("--metrics-address", arguments.metrics_address,
                  "Where it listens (127.0.0.1); 0.0.0.0 is everywhere")
      ->needs(port);
}

}  // namespace velo::cli
