#pragma once

/// Reads partitions as splits: "events/3", at the offset of the next message.

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "velo/base/first_failure.h"
#include "velo/connectors/kafka/consumer.h"
#include "velo/connectors/kafka/json_messages.h"
#include "velo/connectors/kafka/offset_bound.h"
#include "velo/source.h"

namespace velo::kafka {

/// A split is TOPIC/PARTITION. Its position is the offset of the next message as an
/// unsigned 64-bit number, big-endian.
SplitId split_of(const std::string& topic, int32_t partition);
Result<int32_t> partition_of(const std::string& topic, const SplitId& split);
Position encode_position(int64_t offset);
Result<int64_t> decode_position(const SplitId& split, const Position& position);

/// Whether a message only says that its key is gone, to those who compact the topic: of
/// changes, a deletion has come before it.
bool is_tombstone(const Message& message, const KafkaOptions& options);

/// "offset 1234"; empty for what is no such position.
std::string describe_position(std::string_view source, const Position& position);

/// Which messages are read.
struct ReadBounds {
  OffsetBound from;  ///< goes before KafkaOptions::first_offset
  OffsetBound until;

  /// See OffsetBound.
  Status check_partitions(const std::string& topic,
                          const std::vector<int32_t>& partitions) const;
};

/// Each batch is of one partition. Threads: as SplitReader.
class KafkaSplitReader : public SplitReader {
 public:
  /// `schema` is that of the batches; `decode` has the columns of the messages. Where
  /// these were inferred, later messages may have others, which are told if `read` asks
  /// for that.
  static Result<std::unique_ptr<SplitReader>> make(const KafkaOptions& options,
                                                   const ReadOptions& read,
                                                   ReadBounds bounds,
                                                   formats::DecodeOptions decode,
                                                   std::shared_ptr<arrow::Schema> schema);

  Status assign(std::span<const SplitStart> splits) override;
  Result<Event> poll(const PollLimits& limits, std::stop_token stop) override;
  Status acknowledge(const Positions& positions) override;
  Lag lag() override;

 private:
  struct Partition {
    SplitId split;
    JsonMessages waiting;
    std::vector<BadMessage> bad;  // beside those
    int64_t next = 0;             // offset of the next message
    bool has_skipped = false;     // messages that no batch speaks of, before `next`
    int64_t passed = 0;           // before this there is none, but marks of transactions
    int64_t known_end = 0;
    std::optional<std::chrono::system_clock::time_point> last_time;  // of its messages
    std::optional<std::chrono::system_clock::time_point> nothing_waited_at;
    std::optional<int64_t> end;  // where it ends, of those that do
    bool ended = false;
  };

  KafkaSplitReader(const KafkaOptions& options, const ReadOptions& read,
                   ReadBounds bounds, formats::DecodeOptions decode,
                   std::shared_ptr<arrow::Schema> schema,
                   std::unique_ptr<Consumer> consumer)
      : options_(options),
        once_(read.once),
        bounds_(std::move(bounds)),
        tells_schema_changes_(read.tells_schema_changes && decode.is_inferred),
        tells_beginnings_(read.tells_beginnings),
        decode_(std::move(decode)),
        schema_(std::move(schema)),
        consumer_(std::move(consumer)) {}

  Result<int64_t> first_offset(const SplitStart& start, int32_t partition,
                               const OffsetRange& range) const;
  Result<std::optional<int64_t>> last_offset(int32_t partition,
                                             const OffsetRange& range) const;
  Result<Event> next(const PollLimits& limits, const std::stop_token& stop);
  Status collect(const PollLimits& limits);
  Status take(const Message& message);
  Status keep(Partition& partition, const Message& message);
  int64_t num_waiting(int32_t number, const Partition& partition) const;
  void end(Partition& partition);
  Status decode(Partition& partition);
  Result<bool> adopt_columns(const Partition& partition);
  void make_ready(Partition& partition, arrow::RecordBatchVector batches,
                  const std::vector<int64_t>& offsets);
  bool has_ended() const;

  const KafkaOptions options_;
  const bool once_;
  const ReadBounds bounds_;
  const bool tells_schema_changes_;
  const bool tells_beginnings_;
  formats::DecodeOptions decode_;
  std::shared_ptr<arrow::Schema> schema_;
  const std::unique_ptr<Consumer> consumer_;
  std::map<int32_t, Partition> partitions_;
  std::deque<Event> ready_;
  FirstFailure failure_;
};

}  // namespace velo::kafka
