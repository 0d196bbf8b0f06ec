#include "velo/formats/orc/time_range.h"

#include <cstdint>
#include <limits>
#include <optional>

namespace velo::formats {
namespace {

// Milliseconds within which nanoseconds fit 64 bits, less the day that the zone of an
// old writer may be off.
constexpr int64_t kMostMilliseconds =
    std::numeric_limits<int64_t>::max() / 1'000'000 - 86'400'000;

// One field of a protobuf message.
struct Field {
  uint32_t number = 0;
  uint64_t value = 0;      // of a varint
  std::string_view bytes;  // of what has a length
};

Status broken() {
  return make_error(ErrorKind::kCorruptData, {}, "its footer is not as ORC's is");
}

Result<uint64_t> take_varint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  return broken();
}

Result<std::string_view> take_bytes(size_t num_bytes, std::string_view& bytes) {
  if (num_bytes > bytes.size()) return broken();
  const std::string_view taken = bytes.substr(0, num_bytes);
  bytes.remove_prefix(num_bytes);
  return taken;
}

// Source: https://protobuf.dev/programming-guides/encoding/
Result<Field> take_field(std::string_view& message) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t tag, take_varint(message));
  Field field{.number = static_cast<uint32_t>(tag >> 3)};
  switch (tag & 7) {
    case 0: {
      ARROW_ASSIGN_OR_RAISE(field.value, take_varint(message));
      return field;
    }
    case 1: {
      ARROW_ASSIGN_OR_RAISE(field.bytes, take_bytes(8, message));
      return field;
    }
    case 2: {
      ARROW_ASSIGN_OR_RAISE(const uint64_t num_bytes, take_varint(message));
      if (num_bytes > message.size()) return broken();
      ARROW_ASSIGN_OR_RAISE(field.bytes,
                            take_bytes(static_cast<size_t>(num_bytes), message));
      return field;
    }
    case 5: {
      ARROW_ASSIGN_OR_RAISE(field.bytes, take_bytes(4, message));
      return field;
    }
    default:
      return broken();
  }
}

int64_t from_zigzag(uint64_t value) {
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

// FileTail.footer = 2
Result<std::string_view> footer_of(std::string_view file_tail) {
  while (!file_tail.empty()) {
    ARROW_ASSIGN_OR_RAISE(const Field field, take_field(file_tail));
    if (field.number == 2) return field.bytes;
  }
  return broken();
}

// TimestampStatistics: minimum = 1, maximum = 2, minimumUtc = 3, maximumUtc = 4, all of
// them sint64 milliseconds.
Result<bool> is_beyond(std::string_view timestamp_statistics) {
  bool beyond = false;
  while (!timestamp_statistics.empty()) {
    ARROW_ASSIGN_OR_RAISE(const Field field, take_field(timestamp_statistics));
    if (field.number < 1 || field.number > 4) continue;
    const int64_t milliseconds = from_zigzag(field.value);
    beyond =
        beyond || milliseconds > kMostMilliseconds || milliseconds < -kMostMilliseconds;
  }
  return beyond;
}

// ColumnStatistics.timestampStatistics = 9
Result<bool> has_times_beyond(std::string_view column_statistics) {
  while (!column_statistics.empty()) {
    ARROW_ASSIGN_OR_RAISE(const Field field, take_field(column_statistics));
    if (field.number != 9) continue;
    ARROW_ASSIGN_OR_RAISE(const bool beyond, is_beyond(field.bytes));
    if (beyond) return true;
  }
  return false;
}

// Type.subtypes = 2, packed or not
Result<std::vector<uint64_t>> subtypes_of(std::string_view type) {
  std::vector<uint64_t> subtypes;
  while (!type.empty()) {
    ARROW_ASSIGN_OR_RAISE(Field field, take_field(type));
    if (field.number != 2) continue;
    if (field.bytes.data() == nullptr) subtypes.push_back(field.value);
    while (!field.bytes.empty()) {
      ARROW_ASSIGN_OR_RAISE(const uint64_t subtype, take_varint(field.bytes));
      subtypes.push_back(subtype);
    }
  }
  return subtypes;
}

}  // namespace

// The types are numbered from the root on, depth first; each has its statistics.
Result<std::vector<int>> columns_beyond_nanoseconds(std::string_view file_tail) {
  ARROW_ASSIGN_OR_RAISE(std::string_view footer, footer_of(file_tail));
  std::optional<std::vector<uint64_t>> columns;  // the root's subtypes
  std::vector<uint64_t> beyond;                  // types
  uint64_t num_statistics = 0;
  while (!footer.empty()) {
    ARROW_ASSIGN_OR_RAISE(const Field field, take_field(footer));
    if (field.number == 4 && !columns) {  // Footer.types
      ARROW_ASSIGN_OR_RAISE(columns, subtypes_of(field.bytes));
    }
    if (field.number != 7) continue;  // Footer.statistics
    ARROW_ASSIGN_OR_RAISE(const bool is_beyond, has_times_beyond(field.bytes));
    if (is_beyond) beyond.push_back(num_statistics);
    ++num_statistics;
  }
  std::vector<int> found;
  for (size_t column = 0; columns && column < columns->size(); ++column) {
    const uint64_t begin = (*columns)[column];
    const uint64_t end = column + 1 < columns->size()
                             ? (*columns)[column + 1]
                             : std::numeric_limits<uint64_t>::max();
    for (const uint64_t type : beyond) {
      if (type < begin || type >= end) continue;
      found.push_back(static_cast<int>(column));
      break;
    }
  }
  return found;
}

}  // namespace velo::formats
