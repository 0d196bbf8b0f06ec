#pragma once

/// Numbers with units, as people write them: 10k, 128 MiB, 1.5 is none, 30s.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace velo {

/// A whole number, with k, M or G for thousands, millions and milliards.
/// nullopt: it is none, or does not fit.
std::optional<int64_t> parse_count(std::string_view text);

/// A number of bytes, 0 or more: KiB, MiB, GiB, TiB are powers of 1024; KB, MB, GB, TB of
/// 1000; B and nothing are bytes. Case does not count.
std::optional<int64_t> parse_bytes(std::string_view text);

/// A duration, 0 or more, with ms, s, min, h or d; only 0 needs no unit.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace velo
