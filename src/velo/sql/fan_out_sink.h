#pragma once

/// Several sinks as one.

#include <memory>
#include <vector>

#include "velo/sink.h"

namespace velo::sql {

/// Write each batch to every sink. They become visible one after the other, in their
/// order: all or nothing holds for each of them, not for all together.
std::unique_ptr<DataSink> make_fan_out_sink(std::vector<std::unique_ptr<DataSink>> sinks);

}  // namespace velo::sql
