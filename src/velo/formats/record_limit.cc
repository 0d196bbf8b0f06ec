#include "velo/formats/record_limit.h"

#include <fmt/format.h>

namespace velo::formats {
namespace {

constexpr int64_t kLeast = kKeptOfLargeRecord;
constexpr int64_t kMost = int64_t{1} << 30;

}  // namespace

OptionDescriptor max_record_bytes_option() {
  return {
      .name = "max_record_bytes",
      .type = OptionType::kBytes,
      .unit = "bytes",
      .default_value = "64MiB",
      .doc =
          "CSV, JSON, text and Protobuf: the largest record that is read, or written; "
          "Avro: the largest block; 64KiB to 1GiB."};
}

Result<int64_t> max_record_bytes_of(const OptionValues& values) {
  const int64_t num_bytes = values.integer("max_record_bytes").value_or(kMaxRecordBytes);
  if (num_bytes >= kLeast && num_bytes <= kMost) return num_bytes;
  return make_error(ErrorKind::kInvalidArgument, {},
                    fmt::format("max_record_bytes={}: from 64KiB to 1GiB",
                                values.integer("max_record_bytes").value_or(0)));
}

std::string with_unit(int64_t num_bytes) {
  constexpr int64_t kKiB = 1024;
  constexpr int64_t kMiB = kKiB * kKiB;
  if (num_bytes > 0 && num_bytes % kMiB == 0) {
    return fmt::format("{} MiB", num_bytes / kMiB);
  }
  if (num_bytes > 0 && num_bytes % kKiB == 0) {
    return fmt::format("{} KiB", num_bytes / kKiB);
  }
  return fmt::format("{} bytes", num_bytes);
}

std::string too_large(int64_t max_record_bytes) {
  return fmt::format("the record is larger than {}; max_record_bytes= reads larger ones",
                     with_unit(max_record_bytes));
}

Status check_written(int64_t num_bytes, int64_t max_record_bytes) {
  if (num_bytes <= max_record_bytes) return Status::OK();
  return make_error(
      ErrorKind::kSchemaMismatch, {},
      fmt::format("the record has {} bytes, and more than {} are not read again; with "
                  "max_record_bytes= larger ones are written, and read",
                  num_bytes, with_unit(max_record_bytes)));
}

}  // namespace velo::formats
