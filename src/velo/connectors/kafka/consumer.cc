#include "velo/connectors/kafka/consumer.h"

#include <fmt/format.h>

#include <utility>

namespace velo::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kLongestOutage{30};

// librdkafka reads for a group alone, but one that nobody joins is asked for nothing.
constexpr char kNoGroup[] = "velo";

class PartitionList {
 public:
  PartitionList(const Librdkafka& library, const std::string& topic,
                const std::map<int32_t, int64_t>& offsets)
      : list_(library.topic_partition_list_new(static_cast<int>(offsets.size())),
              library.topic_partition_list_destroy) {
    for (const auto& [partition, offset] : offsets) {
      library.topic_partition_list_add(list_.get(), topic.c_str(), partition)->offset =
          offset;
    }
  }
  rd_kafka_topic_partition_list_t* get() const { return list_.get(); }

 private:
  std::unique_ptr<rd_kafka_topic_partition_list_t,
                  decltype(&::rd_kafka_topic_partition_list_destroy)>
      list_;
};

}  // namespace

std::optional<std::chrono::system_clock::time_point> Message::time() const {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t since_1970 = library_->message_timestamp(message_.get(), &type);
  if (type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) return std::nullopt;
  return std::chrono::system_clock::time_point(milliseconds(since_1970));
}

Result<std::unique_ptr<Consumer>> Consumer::open(const KafkaOptions& options) {
  const bool has_group = !options.group_id.empty();
  const int64_t queue_bytes = options.reader_bytes / 4;
  const auto queue = QueueLimits::of(queue_bytes);
  ARROW_ASSIGN_OR_RAISE(
      auto client, Client::open(RD_KAFKA_CONSUMER, options,
                                {{"group.id", has_group ? options.group_id : kNoGroup},
                                 {"isolation.level", "read_committed"},
                                 {"enable.auto.commit", "false"},
                                 {"enable.auto.offset.store", "false"},
                                 {"auto.offset.reset", "error"},
                                 {"enable.partition.eof", "true"},
                                 {"allow.auto.create.topics", "false"},
                                 {"check.crcs", "true"},
                                 {"fetch.wait.max.ms", "100"},
                                 {"fetch.max.bytes", std::to_string(queue_bytes)},
                                 {"queued.min.messages", queue.num_messages},
                                 {"queued.max.messages.kbytes", queue.kbytes}}));
  return std::unique_ptr<Consumer>(new Consumer(std::move(client), has_group));
}

Status Consumer::assign(const std::string& topic,
                        const std::map<int32_t, int64_t>& offsets) {
  if (offsets.empty()) return Status::OK();
  const Librdkafka& library = client_->library();
  client_->begin_to_consume();
  topic_ = topic;
  const PartitionList list(library, topic, offsets);
  return client_->error(library.incremental_assign(client_->handle(), list.get()),
                        "read " + topic);
}

Status Consumer::error_of(const rd_kafka_message_t& message) const {
  switch (message.err) {
    // It goes on trying; check_brokers() says when that was enough.
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
      return Status::OK();
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      if (!has_group_) return Status::OK();
      break;
    default:
      break;
  }
  const char* words = static_cast<const char*>(message.payload);
  const std::string topic =
      message.rkt ? client_->library().topic_name(message.rkt) : topic_;
  return client_->error(
      message.err,
      fmt::format("read {}/{} at offset {}", topic, message.partition, message.offset),
      words ? std::string(words, message.len) : std::string());
}

Result<std::optional<Message>> Consumer::poll(milliseconds max_wait) {
  const Librdkafka& library = client_->library();
  rd_kafka_message_t* raw =
      library.consumer_poll(client_->handle(), static_cast<int>(max_wait.count()));
  if (raw == nullptr) {
    ARROW_RETURN_NOT_OK(check_brokers());
    return std::nullopt;
  }
  Message message(library, raw);
  if (raw->err && !message.is_end()) {
    ARROW_RETURN_NOT_OK(error_of(*raw));
    return std::nullopt;
  }
  silent_since_.reset();
  client_->reports().forget_outage();
  return message;
}

// librdkafka says when a broker is gone, and nothing when it is back.
Status Consumer::check_brokers() {
  if (!client_->reports().has_outage()) return Status::OK();
  const auto now = std::chrono::steady_clock::now();
  if (!silent_since_) silent_since_ = now;
  if (now - *silent_since_ < kLongestOutage) return Status::OK();
  silent_since_.reset();
  ARROW_RETURN_NOT_OK(client_->partitions(topic_).status());
  client_->reports().forget_outage();
  return Status::OK();
}

std::optional<int64_t> Consumer::known_end(const std::string& topic,
                                           int32_t partition) const {
  int64_t begin = RD_KAFKA_OFFSET_INVALID;
  int64_t end = RD_KAFKA_OFFSET_INVALID;
  const auto code = client_->library().get_watermark_offsets(
      client_->handle(), topic.c_str(), partition, &begin, &end);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR || end < 0) return std::nullopt;
  return end;
}

Status Consumer::commit_to_group(const std::string& topic,
                                 const std::map<int32_t, int64_t>& offsets) {
  if (!has_group_ || offsets.empty()) return Status::OK();
  const PartitionList list(client_->library(), topic, offsets);
  const auto code = client_->library().commit(client_->handle(), list.get(), /*async=*/1);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return Status::OK();
  return client_->error(code, "commit the offsets of the group");
}

}  // namespace velo::kafka
