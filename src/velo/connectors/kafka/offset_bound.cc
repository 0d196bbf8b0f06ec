#include "velo/connectors/kafka/offset_bound.h"

#include <fmt/format.h>

#include <algorithm>

#include "velo/base/parse_number.h"

namespace velo::kafka {
namespace {

using Kind = ReadBound::Kind;

std::optional<int64_t> parse_offset(std::string_view text) {
  const auto offset = parse_number<int64_t>(text);
  return offset && *offset >= 0 ? offset : std::nullopt;
}

// "0:1200,1:900"; empty for what is none.
std::map<int32_t, int64_t> parse_offsets(std::string_view text) {
  std::map<int32_t, int64_t> offsets;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view one = text.substr(begin, end - begin);
    begin = end + 1;
    const size_t colon = std::min(one.find(':'), one.size());
    const auto partition = parse_number<int32_t>(one.substr(0, colon));
    const auto offset = parse_offset(one.substr(std::min(colon + 1, one.size())));
    if (!partition || *partition < 0 || !offset) return {};
    if (!offsets.emplace(*partition, *offset).second) return {};
  }
  return offsets;
}

}  // namespace

Result<OffsetBound> OffsetBound::parse(std::string_view option, std::string_view text) {
  OffsetBound bound;
  bound.option_ = option;
  bound.bound_ = ReadBound::parse(text);
  if (bound.bound_.kind != Kind::kPosition) return bound;
  bound.of_all_ = parse_offset(text);
  if (!bound.of_all_) bound.of_each_ = parse_offsets(text);
  if (bound.of_all_ || !bound.of_each_.empty()) return bound;
  return make_error(
      ErrorKind::kInvalidArgument, {.connector = "kafka"},
      fmt::format("{} = {}: earliest, latest, a time (2026-01-31T12:00:00Z), an offset "
                  "(1200), or one for each partition (0:1200,1:900) is expected",
                  option, text));
}

std::string OffsetBound::shown() const {
  return fmt::format("{} = {}", option_, bound_.text);
}

Status OffsetBound::check_partitions(const std::string& topic,
                                     const std::vector<int32_t>& partitions) const {
  for (const auto& [partition, offset] : of_each_) {
    if (std::ranges::find(partitions, partition) != partitions.end()) continue;
    return make_error(
        ErrorKind::kInvalidArgument, {.connector = "kafka"},
        fmt::format("{}: topic '{}' has no partition {}; it has {}, from 0 on", shown(),
                    topic, partition, partitions.size()));
  }
  return Status::OK();
}

Result<std::optional<int64_t>> OffsetBound::find(Client& client, const std::string& topic,
                                                 int32_t partition,
                                                 const OffsetRange& range,
                                                 const std::stop_token& stop) const {
  switch (bound_.kind) {
    case Kind::kNone:
      return std::nullopt;
    case Kind::kEarliest:
      return range.begin;
    case Kind::kLatest:
      return range.end;
    case Kind::kTime: {
      ARROW_ASSIGN_OR_RAISE(
          const auto offset,
          client.offset_at(topic, partition, bound_.time.time_since_epoch(), stop));
      return std::clamp(offset.value_or(range.end), range.begin, range.end);
    }
    case Kind::kPosition:
      break;
  }
  if (of_all_) return of_all_;
  const auto found = of_each_.find(partition);
  return found == of_each_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace velo::kafka
