#include "velo/connectors/kafka/sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "velo/columnar/change_columns.h"
#include "velo/connectors/kafka/consumer.h"
#include "velo/connectors/kafka/json_messages.h"
#include "velo/connectors/kafka/split_reader.h"

namespace velo::kafka {
namespace {

constexpr int64_t kSampleMessages = 1000;  // of each partition
constexpr int64_t kSampleBytes = int64_t{32} << 20;
constexpr std::chrono::milliseconds kPollWait{200};

// A partition, as far as it is looked at.
struct Sampled {
  int64_t next = 0;
  int64_t end = 0;
  int64_t num_messages = 0;
  bool done() const { return next >= end || num_messages >= kSampleMessages; }
};

Result<std::map<int32_t, Sampled>> places_of(Client& client, const KafkaOptions& options,
                                             const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const auto partitions, partitions_of(client, options, stop));
  std::map<int32_t, Sampled> places;
  for (const int32_t partition : partitions) {
    ARROW_ASSIGN_OR_RAISE(const OffsetRange range,
                          client.offsets(options.topic, partition, stop));
    int64_t begin = range.begin;
    if (options.first_offset == FirstOffset::kLatest) {
      begin = std::max(begin, range.end - kSampleMessages);
    }
    places[partition] = {.next = begin, .end = range.end};
  }
  return places;
}

}  // namespace

Result<std::vector<int32_t>> partitions_of(Client& client, const KafkaOptions& options,
                                           const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(auto partitions, client.partitions(options.topic, stop));
  if (partitions) return *std::move(partitions);
  return make_error(ErrorKind::kNotFound,
                    {.connector = "kafka", .resource = options.shown},
                    fmt::format("there is no topic '{}'", options.topic));
}

Result<std::shared_ptr<arrow::Schema>> infer_schema(const KafkaOptions& options,
                                                    bool keeps_bad,
                                                    const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const auto consumer, Consumer::open(options));
  ARROW_ASSIGN_OR_RAISE(auto places, places_of(consumer->client(), options, stop));
  std::map<int32_t, int64_t> offsets;
  for (const auto& [partition, place] : places) {
    if (!place.done()) offsets[partition] = place.next;
  }
  ARROW_RETURN_NOT_OK(consumer->assign(options.topic, offsets));
  std::map<int32_t, JsonMessages> sample;
  Status first_fault;
  int64_t num_bytes = 0;
  while (num_bytes < kSampleBytes && !std::ranges::all_of(places, [](const auto& entry) {
           return entry.second.done();
         })) {
    if (stop.stop_requested()) return consumer->client().stopped();
    ARROW_ASSIGN_OR_RAISE(const auto message, consumer->poll(kPollWait));
    if (!message) continue;
    const int32_t partition = message->partition();
    Sampled& place = places[partition];
    if (place.done()) continue;
    place.next = message->offset() + (message->is_end() ? 0 : 1);
    if (message->is_end() || message->offset() >= place.end) continue;
    ++place.num_messages;
    if (is_tombstone(*message, options)) continue;
    num_bytes += static_cast<int64_t>(message->payload().value_or("").size());
    auto [messages, is_new] = sample.try_emplace(
        partition, fmt::format("{}: partition {}", options.shown, partition),
        options.max_record_bytes);
    Status taken = messages->second.append(message->offset(), message->payload());
    if (!taken.ok() && !keeps_bad) return taken;
    if (first_fault.ok()) first_fault = std::move(taken);
  }
  const auto has_messages = [](const auto& entry) {
    return entry.second.num_messages() > 0;
  };
  if (std::ranges::any_of(sample, has_messages)) {
    ARROW_ASSIGN_OR_RAISE(
        auto schema, JsonMessages::infer_schema(sample, options.envelope, keeps_bad));
    const bool are_changes = options.envelope == formats::Envelope::kDebezium;
    if (!are_changes || columns_of_changed_rows(*schema)->num_fields() > 0) return schema;
  }
  if (!first_fault.ok()) return first_fault;
  return make_error(ErrorKind::kInvalidArgument,
                    {.connector = "kafka", .resource = options.shown},
                    "there are no messages yet that could say what its columns are; "
                    "schema= names them: schema=id int64,name text");
}

}  // namespace velo::kafka
