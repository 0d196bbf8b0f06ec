#pragma once

/// Reads partitions that it is told to read: no group gives or takes them.

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "velo/connectors/kafka/client.h"

namespace velo::kafka {

/// A message, or the news that a partition has no more for now.
class Message {
 public:
  Message(const Librdkafka& library, rd_kafka_message_t* message)
      : library_(&library), message_(message, library.message_destroy) {}

  /// Whether the partition ends here for now: offset() is that of the next message.
  bool is_end() const { return message_->err == RD_KAFKA_RESP_ERR__PARTITION_EOF; }
  std::string topic() const {
    return message_->rkt ? library_->topic_name(message_->rkt) : "";
  }
  int32_t partition() const { return message_->partition; }
  int64_t offset() const { return message_->offset; }
  /// nullopt for a tombstone.
  std::optional<std::string_view> payload() const {
    return view(message_->payload, message_->len);
  }
  std::optional<std::string_view> key() const {
    return view(message_->key, message_->key_len);
  }
  /// When it was made, or the broker got it, as the topic is set; nullopt where it has no
  /// time.
  std::optional<std::chrono::system_clock::time_point> time() const;

 private:
  static std::optional<std::string_view> view(const void* bytes, size_t size) {
    if (bytes == nullptr) return std::nullopt;
    return std::string_view(static_cast<const char*>(bytes), size);
  }

  const Librdkafka* library_;
  std::unique_ptr<rd_kafka_message_t, decltype(&::rd_kafka_message_destroy)> message_;
};

/// Messages of committed transactions only, and those outside of any.
/// Threads: thread-compatible, but for commit_to_group().
class Consumer {
 public:
  /// Errors: as Client::open.
  static Result<std::unique_ptr<Consumer>> open(const KafkaOptions& options);

  Client& client() { return *client_; }

  /// Read these partitions of the topic, too, each from an offset.
  Status assign(const std::string& topic, const std::map<int32_t, int64_t>& offsets);

  /// The next message of any partition; nullopt where none came in that time.
  /// Errors: kPositionLost, kTransient where no broker was there for half a minute …
  Result<std::optional<Message>> poll(std::chrono::milliseconds max_wait);

  /// Where a partition ended by the last answer of its broker, marks of transactions
  /// included; nullopt before the first. Asks nobody.
  std::optional<int64_t> known_end(const std::string& topic, int32_t partition) const;

  /// Let the group's offsets be these, for those who look at its lag. Does not wait.
  Status commit_to_group(const std::string& topic,
                         const std::map<int32_t, int64_t>& offsets);

 private:
  Consumer(std::unique_ptr<Client> client, bool has_group)
      : client_(std::move(client)), has_group_(has_group) {}

  Status check_brokers();
  Status error_of(const rd_kafka_message_t& message) const;

  const std::unique_ptr<Client> client_;
  const bool has_group_;
  std::string topic_;
  std::optional<std::chrono::steady_clock::time_point> silent_since_;
};

}  // namespace velo::kafka
