#include "velo/connectors/kafka/split_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "velo/base/big_endian.h"
#include "velo/base/parse_number.h"
#include "velo/formats/projection.h"

namespace velo::kafka {
namespace {

constexpr size_t kPositionBytes = 8;

Status position_lost(const SplitId& split, int64_t offset, const OffsetRange& range) {
  return make_error(
      ErrorKind::kPositionLost,
      {.connector = "kafka",
       .resource = split,
       .position = fmt::format("offset {}", offset)},
      offset < range.begin
          ? fmt::format(
                "this is where the last run got to, and the topic's retention has "
                "removed what was there: its first message is at {}. Another name "
                "begins anew",
                range.begin)
          : fmt::format(
                "this is where the last run got to, and the partition ends at {}: "
                "was the topic made anew? Another name begins anew",
                range.end));
}

Status not_there(const SplitId& split, int64_t offset, const OffsetRange& range) {
  return make_error(
      offset < range.begin ? ErrorKind::kPositionLost : ErrorKind::kInvalidArgument,
      {.connector = "kafka", .resource = split},
      offset < range.begin
          ? fmt::format(
                "from = {}: the topic's retention has removed what was there: its "
                "first message is at {}; from = earliest begins there",
                offset, range.begin)
          : fmt::format("from = {}: the partition ends at {}; from = latest begins there",
                        offset, range.end));
}

Status is_behind(const SplitId& split, const ReadBounds& bounds, int64_t from,
                 int64_t until) {
  return make_error(
      ErrorKind::kInvalidArgument, {.connector = "kafka", .resource = split},
      fmt::format("{} is behind {}: in this partition these are the offsets {} and {}",
                  bounds.from.is_none() ? "offset=latest" : bounds.from.shown(),
                  bounds.until.shown(), from, until));
}

}  // namespace

Status ReadBounds::check_partitions(const std::string& topic,
                                    const std::vector<int32_t>& partitions) const {
  ARROW_RETURN_NOT_OK(from.check_partitions(topic, partitions));
  return until.check_partitions(topic, partitions);
}

SplitId split_of(const std::string& topic, int32_t partition) {
  return fmt::format("{}/{}", topic, partition);
}

Result<int32_t> partition_of(const std::string& topic, const SplitId& split) {
  if (split.starts_with(topic + "/")) {
    const auto partition = parse_number<int32_t>(split.substr(topic.size() + 1));
    if (partition && *partition >= 0) return *partition;
  }
  return make_error(ErrorKind::kCorruptData, {.connector = "kafka", .resource = split},
                    "this is no partition of " + topic);
}

Position encode_position(int64_t offset) {
  Position position;
  append_big_endian(position.bytes, static_cast<uint64_t>(offset));
  return position;
}

Result<int64_t> decode_position(const SplitId& split, const Position& position) {
  if (position.bytes.size() == kPositionBytes) {
    return static_cast<int64_t>(read_big_endian<uint64_t>(position.bytes.data()));
  }
  return make_error(ErrorKind::kCorruptData, {.connector = "kafka", .resource = split},
                    "a position in a partition has 8 bytes");
}

bool is_tombstone(const Message& message, const KafkaOptions& options) {
  return options.envelope == formats::Envelope::kDebezium &&
         message.payload().value_or("").empty();
}

std::string describe_position(std::string_view, const Position& position) {
  const auto offset = decode_position("", position);
  return offset.ok() ? fmt::format("offset {}", *offset) : "";
}

Result<std::unique_ptr<SplitReader>> KafkaSplitReader::make(
    const KafkaOptions& options, const ReadOptions& read, ReadBounds bounds,
    formats::DecodeOptions decode, std::shared_ptr<arrow::Schema> schema) {
  ARROW_ASSIGN_OR_RAISE(auto consumer, Consumer::open(options));
  return std::unique_ptr<SplitReader>(
      new KafkaSplitReader(options, read, std::move(bounds), std::move(decode),
                           std::move(schema), std::move(consumer)));
}

// What comes up later, or beside what was read before, is new from its first message.
Result<int64_t> KafkaSplitReader::first_offset(const SplitStart& start, int32_t partition,
                                               const OffsetRange& range) const {
  if (!start.from && start.came_later) return range.begin;
  if (!start.from) {
    ARROW_ASSIGN_OR_RAISE(
        const auto from,
        bounds_.from.find(consumer_->client(), options_.topic, partition, range));
    const bool at_end = options_.first_offset == FirstOffset::kLatest;
    if (!from) return at_end && bounds_.from.is_none() ? range.end : range.begin;
    if (*from >= range.begin && *from <= range.end) return *from;
    return not_there(start.split, *from, range);
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t offset,
                        decode_position(start.split, start.from->position));
  if (offset >= range.begin && offset <= range.end) return offset;
  return position_lost(start.split, offset, range);
}

Result<std::optional<int64_t>> KafkaSplitReader::last_offset(
    int32_t partition, const OffsetRange& range) const {
  ARROW_ASSIGN_OR_RAISE(
      const auto until,
      bounds_.until.find(consumer_->client(), options_.topic, partition, range));
  // One that none was said for ends where it is now, as it has to end somewhere.
  const bool ends_now = once_ || (!until && !bounds_.until.is_none());
  return ends_now ? std::min(until.value_or(range.end), range.end) : until;
}

Status KafkaSplitReader::assign(std::span<const SplitStart> splits) {
  std::map<int32_t, int64_t> offsets;
  for (const SplitStart& start : splits) {
    ARROW_ASSIGN_OR_RAISE(const int32_t number,
                          partition_of(options_.topic, start.split));
    ARROW_ASSIGN_OR_RAISE(const OffsetRange range,
                          consumer_->client().offsets(options_.topic, number));
    Partition partition{
        .split = start.split,
        .waiting = JsonMessages(fmt::format("{}: partition {}", options_.shown, number),
                                options_.max_record_bytes)};
    ARROW_ASSIGN_OR_RAISE(partition.next, first_offset(start, number, range));
    const bool was_chosen =
        options_.first_offset == FirstOffset::kLatest || !bounds_.from.is_none();
    partition.known_end = range.end;
    ARROW_ASSIGN_OR_RAISE(partition.end, last_offset(number, range));
    const bool is_chosen = !start.from && !start.came_later && was_chosen;
    if (is_chosen && partition.end && partition.next > *partition.end) {
      return is_behind(start.split, bounds_, partition.next, *partition.end);
    }
    if (is_chosen || (!start.from && tells_beginnings_)) {
      // So that the record says where this was.
      ARROW_ASSIGN_OR_RAISE(auto none, arrow::RecordBatch::MakeEmpty(schema_));
      ready_.emplace_back(
          Batch{std::move(none), start.split, encode_position(partition.next)});
    }
    if (partition.end && partition.next >= *partition.end) {
      end(partition);
    } else {
      offsets[number] = partition.next;
    }
    partitions_.insert_or_assign(number, std::move(partition));
  }
  return consumer_->assign(options_.topic, offsets);
}

void KafkaSplitReader::end(Partition& partition) {
  partition.ended = true;
  partition.next = std::max(partition.next, *partition.end);
}

bool KafkaSplitReader::has_ended() const {
  return std::ranges::all_of(partitions_,
                             [](const auto& entry) { return entry.second.ended; });
}

Result<Event> KafkaSplitReader::poll(const PollLimits& limits, std::stop_token stop) {
  return failure_.unless_failed([&] { return next(limits, stop); });
}

Result<Event> KafkaSplitReader::next(const PollLimits& limits,
                                     const std::stop_token& stop) {
  if (stop.stop_requested()) {
    return make_error(ErrorKind::kCancelled,
                      {.connector = "kafka", .resource = options_.shown}, "stopped");
  }
  // The connection is served by librdkafka's own threads.
  if (limits.max_bytes == 0) return Idle();
  if (ready_.empty() && !has_ended()) ARROW_RETURN_NOT_OK(collect(limits));
  if (!ready_.empty()) {
    Event event = std::move(ready_.front());
    ready_.pop_front();
    return event;
  }
  for (auto& [number, partition] : partitions_) {
    if (!partition.ended || !partition.end) continue;
    partition.end.reset();  // told of once
    return SplitEnded{partition.split, encode_position(partition.next)};
  }
  if (has_ended()) return End();
  return Idle();
}

Status KafkaSplitReader::collect(const PollLimits& limits) {
  int64_t num_messages = 0;
  int64_t num_bytes = 0;
  auto max_wait = limits.max_wait;
  while (num_messages < options_.batch_rows && num_bytes < limits.max_bytes) {
    ARROW_ASSIGN_OR_RAISE(const auto message, consumer_->poll(max_wait));
    if (!message) break;
    ARROW_RETURN_NOT_OK(take(*message));
    ++num_messages;
    num_bytes += static_cast<int64_t>(message->payload().value_or("").size());
    max_wait = std::chrono::milliseconds(0);
  }
  for (auto& [number, partition] : partitions_) {
    if (partition.waiting.num_messages() > 0 || !partition.bad.empty() ||
        partition.has_skipped) {
      ARROW_RETURN_NOT_OK(decode(partition));
    }
  }
  return Status::OK();
}

Status KafkaSplitReader::take(const Message& message) {
  const auto found = partitions_.find(message.partition());
  if (found == partitions_.end() || found->second.ended) return Status::OK();
  Partition& partition = found->second;
  const bool is_behind = partition.end && message.offset() >= *partition.end;
  if (!message.is_end() && !is_behind) {
    if (is_tombstone(message, options_)) {
      partition.has_skipped = true;
    } else {
      ARROW_RETURN_NOT_OK(keep(partition, message));
    }
    partition.next = message.offset() + 1;
    if (const auto time = message.time()) partition.last_time = time;
  }
  if (message.is_end()) partition.passed = message.offset();
  // Behind the last message there may be marks of transactions, which are not shown.
  if (is_behind || (partition.end && partition.next >= *partition.end)) end(partition);
  return Status::OK();
}

Status KafkaSplitReader::keep(Partition& partition, const Message& message) {
  Status taken = partition.waiting.append(message.offset(), message.payload());
  if (taken.ok()) return taken;
  if (!decode_.keep_bad_records) return taken;
  std::string_view bytes = message.payload().value_or("");
  if (std::ssize(bytes) > options_.max_record_bytes) {
    bytes = bytes.substr(0, formats::kKeptOfLargeRecord);
  }
  partition.bad.push_back({message.offset(), {std::move(taken), std::string(bytes)}});
  return Status::OK();
}

Status KafkaSplitReader::decode(Partition& partition) {
  const int64_t num_messages = partition.waiting.num_messages();
  auto decoded = partition.waiting.decode(decode_);
  if (tells_schema_changes_ && formats::is_fault_of_record(decoded.status())) {
    ARROW_ASSIGN_OR_RAISE(const bool is_news, adopt_columns(partition));
    if (is_news) decoded = partition.waiting.decode(decode_);
  }
  if (!decoded.ok() && decode_.keep_bad_records &&
      formats::is_fault_of_record(decoded.status())) {
    ARROW_ASSIGN_OR_RAISE(auto bad, partition.waiting.take_bad(decode_));
    std::ranges::move(bad, std::back_inserter(partition.bad));
    std::ranges::sort(partition.bad, {}, &BadMessage::offset);
    decoded = partition.waiting.decode(decode_);
  }
  ARROW_RETURN_NOT_OK(decoded);
  auto& [batches, offsets] = *decoded;
  // Bad ones are passed by themselves.
  if (std::ssize(offsets) < num_messages) partition.has_skipped = true;
  if (batches.empty()) {
    ARROW_ASSIGN_OR_RAISE(auto none, arrow::RecordBatch::MakeEmpty(schema_));
    batches.push_back(std::move(none));
  }
  make_ready(partition, std::move(batches), offsets);
  return Status::OK();
}

// Whether the messages that wait have columns, or values, that nobody has seen before.
Result<bool> KafkaSplitReader::adopt_columns(const Partition& partition) {
  auto now = partition.waiting.with_their_columns(decode_);
  if (now == decode_.schema) return false;
  decode_.schema = std::move(now);
  ARROW_ASSIGN_OR_RAISE(
      auto projection,
      formats::project(*decode_.schema, decode_.columns, options_.shown));
  if (projection.schema->Equals(*schema_)) return true;
  schema_ = std::move(projection.schema);
  ready_.emplace_back(
      SchemaChange{.split = partition.split,
                   .schema = schema_,
                   .place = fmt::format("offset {}", partition.waiting.offset(0))});
  return true;
}

// Each batch takes along the bad messages before its last row, and the last one the rest.
void KafkaSplitReader::make_ready(Partition& partition, arrow::RecordBatchVector batches,
                                  const std::vector<int64_t>& offsets) {
  auto bad = std::exchange(partition.bad, {});
  const bool has_skipped = std::exchange(partition.has_skipped, false);
  auto next_bad = bad.begin();
  size_t num_rows = 0;
  for (auto& rows : batches) {
    num_rows += static_cast<size_t>(rows->num_rows());
    int64_t last = num_rows > 0 ? offsets[num_rows - 1] : -1;
    if (&rows == &batches.back()) {
      if (!bad.empty()) last = std::max(last, bad.back().offset);
      if (has_skipped) last = std::max(last, partition.next - 1);
    }
    BadRecords beside;
    for (; next_bad != bad.end() && next_bad->offset <= last; ++next_bad) {
      next_bad->record.position = encode_position(next_bad->offset + 1);
      beside.push_back(std::move(next_bad->record));
    }
    ready_.emplace_back(Batch{
        .rows = std::move(rows),
        .split = partition.split,
        .position = encode_position(last + 1),
        .bad = beside.empty() ? nullptr
                              : std::make_shared<const BadRecords>(std::move(beside))});
  }
}

int64_t KafkaSplitReader::num_waiting(int32_t number, const Partition& partition) const {
  const int64_t end = partition.end.value_or(std::max(
      partition.known_end, consumer_->known_end(options_.topic, number).value_or(0)));
  return std::max<int64_t>(end - std::max(partition.next, partition.passed), 0);
}

// What waits in a partition is younger than what was read of it last, and than the last
// moment at which nothing did.
Lag KafkaSplitReader::lag() {
  using std::chrono::milliseconds;
  const auto now = std::chrono::system_clock::now();
  int64_t num_rows = 0;
  auto oldest = now;
  bool is_known = true;
  for (auto& [number, partition] : partitions_) {
    const int64_t waiting = partition.ended ? 0 : num_waiting(number, partition);
    num_rows += waiting;
    if (waiting == 0) {
      partition.nothing_waited_at = now;
      continue;
    }
    const auto after = std::max(partition.last_time, partition.nothing_waited_at);
    is_known = is_known && after;
    if (after) oldest = std::min(oldest, *after);
  }
  Lag lag{.num_rows = num_rows, .num_bytes = {}, .age = {}};
  if (is_known) lag.age = std::chrono::ceil<milliseconds>(now - oldest);
  return lag;
}

Status KafkaSplitReader::acknowledge(const Positions& positions) {
  std::map<int32_t, int64_t> offsets;
  for (const auto& [split, progress] : positions) {
    ARROW_ASSIGN_OR_RAISE(const int32_t partition, partition_of(options_.topic, split));
    ARROW_ASSIGN_OR_RAISE(offsets[partition], decode_position(split, progress.position));
  }
  return consumer_->commit_to_group(options_.topic, offsets);
}

}  // namespace velo::kafka
