#pragma once

/// How large a record of text may be, so that one record never takes all memory.

#include <cstdint>
#include <string>

#include "velo/error.h"
#include "velo/options.h"

namespace velo::formats {

/// What is read, and written, unless `max_record_bytes=` says otherwise.
inline constexpr int64_t kMaxRecordBytes = int64_t{64} << 20;

/// So much is kept of a bad record that is larger than may be: no other bad record has
/// just as many bytes, but by chance.
inline constexpr int64_t kKeptOfLargeRecord = int64_t{64} << 10;

/// `max_record_bytes=`, an option of the formats of text, and of Avro.
OptionDescriptor max_record_bytes_option();

/// What it says, of values with that option. Errors: kInvalidArgument.
Result<int64_t> max_record_bytes_of(const OptionValues& values);

/// "64 MiB", "100000 bytes".
std::string with_unit(int64_t num_bytes);

/// What is wrong with a record that is larger.
std::string too_large(int64_t max_record_bytes);

/// Check that a record that was written can be read again. Errors: kSchemaMismatch.
Status check_written(int64_t num_bytes, int64_t max_record_bytes);

}  // namespace velo::formats
