#pragma once

/// What the steps of a program share while they run.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "velo/error.h"
#include "velo/formats/avro/binary.h"

namespace velo::formats::avro {

/// One run over some bytes, behind which kPaddingBytes more can be read. A step answers
/// what follows the value that it has read, or nullptr after fail(). Threads:
/// thread-compatible.
struct Run {
  const uint8_t* end = nullptr;
  /// What rows take in memory beside their fixed width, about.
  int64_t num_bytes = 0;
  /// What they may take at most.
  int64_t most_bytes = 0;
  /// Values that take no bytes, of which a few bytes can announce any number.
  int64_t num_empty = 0;

  // What went wrong.
  const uint8_t* failed_at = nullptr;
  std::string message;
  std::string path;  ///< of the field: "line.price"
  Status status;     ///< where it is not the bytes' fault

  const uint8_t* fail(const uint8_t* at, std::string what) {
    failed_at = at;
    message = std::move(what);
    return nullptr;
  }

  /// No memory.
  bool fail_status(Status failed) {
    status = std::move(failed);
    return false;
  }

  /// The field in which a step has failed, from the inside to the outside.
  const uint8_t* within(std::string_view field) {
    path = path.empty() ? std::string(field) : std::string(field) + "." + path;
    return nullptr;
  }

  const uint8_t* ends_early(const uint8_t* at) {
    return fail(at, "the value goes beyond its block");
  }

  /// Read a long that is there as a whole.
  const uint8_t* read(const uint8_t* p, int64_t* value) {
    const uint8_t* next = read_long(p, value);
    if (next == nullptr) return fail(p, "a number has more than 64 bits");
    return next <= end ? next : ends_early(p);
  }

  /// The number of bytes of a text, all of which are there.
  const uint8_t* read_size(const uint8_t* p, int64_t* size) {
    const uint8_t* next = read(p, size);
    if (next == nullptr) return nullptr;
    if (*size < 0) return fail(p, "a text has a negative number of bytes");
    return *size <= end - next ? next : ends_early(p);
  }

  /// Count memory beside the fixed width of rows.
  bool add_bytes(int64_t count) {
    if (count > most_bytes - num_bytes) return false;
    num_bytes += count;
    return true;
  }

  /// The same, of so many items.
  bool add_items(int64_t count, int64_t item_bytes) {
    int64_t total = 0;
    return !__builtin_mul_overflow(count, item_bytes, &total) && add_bytes(total);
  }

  const uint8_t* too_large(const uint8_t* at) {
    return fail(at, "the record takes too much memory");
  }

  /// Count values that take no bytes.
  bool add_empty(int64_t count) {
    constexpr int64_t kMostEmpty = 1'000'000;
    if (count > kMostEmpty) return false;
    num_empty += count;
    return num_empty <= kMostEmpty;
  }
};

/// Reads one value by the writer's type, and puts it where it belongs, or nowhere.
class Step {
 public:
  virtual ~Step() = default;
  virtual const uint8_t* run(const uint8_t* p, Run& run) = 0;
};

}  // namespace velo::formats::avro
