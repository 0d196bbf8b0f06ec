#pragma once

/// PostgreSQL's dates and times count from 2000-01-01, Arrow's from 1970-01-01.

#include <cstdint>

namespace velo::postgresql {

constexpr int64_t kEpochDays = 10'957;
constexpr int64_t kEpochMicros = kEpochDays * 86'400 * 1'000'000;

}  // namespace velo::postgresql
