#include "velo/base/read_bound.h"

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>

namespace velo {

std::optional<WallTime> parse_time(std::string_view text) {
  for (const char* zone : {"UTC", ""}) {
    const auto parsed =
        arrow::Scalar::Parse(arrow::timestamp(arrow::TimeUnit::MILLI, zone), text);
    if (!parsed.ok()) continue;
    const auto& time = static_cast<const arrow::TimestampScalar&>(**parsed);
    return WallTime(std::chrono::milliseconds(time.value));
  }
  return std::nullopt;
}

ReadBound ReadBound::parse(std::string_view text) {
  ReadBound bound{.text = std::string(text)};
  if (text.empty()) return bound;
  if (text == "earliest") {
    bound.kind = Kind::kEarliest;
  } else if (text == "latest") {
    bound.kind = Kind::kLatest;
  } else if (const auto time = parse_time(text)) {
    bound.kind = Kind::kTime;
    bound.time = *time;
  } else {
    bound.kind = Kind::kPosition;
  }
  return bound;
}

Status check_range(const ReadRange& range) {
  const ReadBound until = ReadBound::parse(range.until);
  if (until.kind == ReadBound::Kind::kEarliest) {
    return make_error(ErrorKind::kInvalidArgument, {},
                      "until = earliest: nothing is before that; latest ends where the "
                      "source is now");
  }
  const ReadBound from = ReadBound::parse(range.from);
  if (from.kind == ReadBound::Kind::kTime && until.kind == ReadBound::Kind::kTime &&
      from.time > until.time) {
    return make_error(ErrorKind::kInvalidArgument, {},
                      fmt::format("from = {} is behind until = {}: nothing is between "
                                  "them",
                                  range.from, range.until));
  }
  const auto now = std::chrono::system_clock::now();
  if (until.kind == ReadBound::Kind::kTime &&
      until.time > std::chrono::floor<std::chrono::milliseconds>(now)) {
    return make_error(ErrorKind::kInvalidArgument, {},
                      fmt::format("until = {}: that is in the future; latest ends where "
                                  "the source is now",
                                  range.until));
  }
  return Status::OK();
}

}  // namespace velo
