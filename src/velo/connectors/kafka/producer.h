#pragma once

/// Writes messages in transactions.

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "velo/connectors/kafka/client.h"

namespace velo::kafka {

/// The producer of one transactional id. Threads: thread-compatible. Destruction aborts
/// an open transaction, waiting for that a moment at most.
class Producer {
 public:
  /// A topic that is written to. Lives as long as its producer.
  using Topic = rd_kafka_topic_t;

  /// Errors: as Client::open.
  static Result<std::unique_ptr<Producer>> open(const KafkaOptions& options,
                                                const std::string& transactional_id);
  ~Producer();

  /// Fence every other producer of this id, and have what it left open aborted. To be
  /// called first. Errors: kTransient, kPermissionDenied; kCancelled.
  Status take_over(const std::stop_token& stop);

  Result<Topic*> open_topic(const std::string& name);

  bool in_transaction() const { return state_ == State::kOpen; }
  Status begin();

  /// Queue a message, blocking while the brokers are behind; without a payload it is a
  /// tombstone. Those of one key, of which an empty one is none, are in one partition,
  /// the one that Kafka's own clients choose. Errors: kFenced, also where the transaction
  /// was open for too long; kCancelled …
  Status send(Topic* topic, std::string_view key, std::optional<std::string_view> payload,
              const std::stop_token& stop);

  /// Wait until the brokers have all that was sent. Errors: of the first message that
  /// they do not have; after a stop kCancelled, and what is open is left to who takes
  /// over next.
  Status flush(const std::stop_token& stop = {});

  /// Commit the open transaction. Errors: kCommitStateUnknown; kFenced; kCancelled, as of
  /// flush(): it may be committed; any other: it was aborted.
  Status commit(const std::stop_token& stop = {});

  /// Abort what is open. An outcome that is not known is left alone.
  void abort() noexcept;

 private:
  enum class State : int8_t { kIdle, kOpen, kUnknown };
  using OwnedTopic = std::unique_ptr<Topic, decltype(&::rd_kafka_topic_destroy)>;

  explicit Producer(std::unique_ptr<Client> client) : client_(std::move(client)) {}

  Status error(rd_kafka_resp_err_t code, const std::string& what) const;

  const std::unique_ptr<Client> client_;
  std::vector<OwnedTopic> topics_;
  State state_ = State::kIdle;
};

}  // namespace velo::kafka
