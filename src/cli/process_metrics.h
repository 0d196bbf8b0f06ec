#pragma once

#include "prometheus_text.h"

namespace velo::cli {

/// Write what Prometheus' own clients tell of a process: processor time, memory, open
/// files, start. What /proc does not tell is left out.
void write_process_metrics(PrometheusText& text);

}  // namespace velo::cli
