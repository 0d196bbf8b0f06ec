#pragma once

#include <arrow/type.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "velo/error.h"
#include "velo/formats/format.h"
#include "velo/formats/record_limit.h"
#include "velo/options.h"
#include "velo/uri.h"

namespace velo::kafka {

/// Where a partition is read from that no record speaks of.
enum class FirstOffset : int8_t { kEarliest, kLatest };

/// What a Kafka URI says, checked.
struct KafkaOptions {
  std::string brokers;  ///< "one:9092,two:9092"
  std::string topic;
  std::string shown;     ///< the URI without options, for messages
  std::string identity;  ///< the URI without those that do not change what is read
  std::string group_id;  ///< source: whose offsets follow what is committed; may be empty
  FirstOffset first_offset = FirstOffset::kEarliest;
  std::shared_ptr<arrow::Schema> schema;  ///< source: nullptr to infer it
  formats::Envelope envelope = formats::Envelope::kNone;
  std::vector<std::string> key;  ///< sink: columns that are the messages' key
  bool tombstones = false;       ///< sink: an empty message behind each deletion
  int64_t max_record_bytes = formats::kMaxRecordBytes;  ///< of a message's payload
  int64_t batch_rows = 0;
  int32_t num_partitions = 1;  ///< sink: of a topic that is made
  std::chrono::milliseconds transaction_timeout{0};
  int64_t reader_bytes = int64_t{64} << 20;   ///< source: see ReadOptions::memory_bytes
  int64_t writer_bytes = int64_t{128} << 20;  ///< sink: see DataSink::limit_memory

  /// Errors: kInvalidArgument, kNotImplemented, naming the option.
  static Result<KafkaOptions> from_uri(const Uri& uri, OptionUse use);

  static std::vector<OptionDescriptor> descriptors();
};

/// The topics that a URI names, with commas between them; checked. Errors:
/// kInvalidArgument.
Result<std::vector<std::string>> topics_of(const Uri& uri);

}  // namespace velo::kafka
