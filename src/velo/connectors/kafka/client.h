#pragma once

/// A connection to a cluster, and what is asked of it outside of reading and writing:
/// which partitions there are, and topics made and deleted.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "velo/connectors/kafka/librdkafka.h"
#include "velo/connectors/kafka/options.h"
#include "velo/error.h"

namespace velo::kafka {

/// librdkafka's own names and values.
using Settings = std::vector<std::pair<std::string, std::string>>;

/// The offsets that a partition has: [begin, end).
struct OffsetRange {
  int64_t begin = 0;
  int64_t end = 0;
};

/// What librdkafka tells of beside its answers. Threads: safe.
class Reports {
 public:
  void add_error(rd_kafka_resp_err_t code, std::string reason);
  void add_failed_message(rd_kafka_resp_err_t code);

  /// The last word on why no broker can be reached; empty for none.
  std::string reason() const;
  /// Whether a broker was told to be out of reach since the last forget_outage().
  bool has_outage() const;
  void forget_outage();
  /// Why the first message that was not written was not.
  std::optional<rd_kafka_resp_err_t> failed_message() const;

 private:
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::string reason_;
  bool has_outage_ = false;
  std::optional<rd_kafka_resp_err_t> failed_message_;
};

/// What a queue of messages may hold. librdkafka counts the bytes of messages, and not
/// what it keeps beside each.
struct QueueLimits {
  std::string kbytes;        ///< of messages
  std::string num_messages;  ///< librdkafka's own, 100,000, at most

  /// Such as takes about two times `num_bytes`.
  static QueueLimits of(int64_t num_bytes);
};

/// One handle of librdkafka. Threads: safe, but for destruction. What takes a stop ends
/// about a second after it was requested, with kCancelled.
class Client {
 public:
  /// Nothing is connected before it is needed. Errors: kNotFound (the library),
  /// kInvalidArgument.
  static Result<std::unique_ptr<Client>> open(rd_kafka_type_t type,
                                              const KafkaOptions& options,
                                              const Settings& settings);

  /// A handle that reads and writes nothing, for the functions below.
  static Result<std::unique_ptr<Client>> open_control(const KafkaOptions& options);

  ~Client();

  const Librdkafka& library() const { return library_; }
  rd_kafka_t* handle() const { return handle_; }
  Reports& reports() { return reports_; }

  /// Let everything come out of rd_kafka_consumer_poll, reports included.
  void begin_to_consume();

  /// Bring what librdkafka has to report, where nobody consumes.
  void bring_reports();

  /// The numbers of a topic's partitions; nullopt where there is no such topic.
  /// Errors: kTransient where no broker answers; kPermissionDenied …
  Result<std::optional<std::vector<int32_t>>> partitions(
      const std::string& topic, const std::stop_token& stop = {});

  /// The names of all topics that we may see and that begin with `prefix`, in their
  /// order.
  Result<std::vector<std::string>> topics(const std::string& prefix,
                                          const std::stop_token& stop = {});

  /// The offsets of a partition; where the handle is read_committed they end before the
  /// first open transaction.
  Result<OffsetRange> offsets(const std::string& topic, int32_t partition,
                              const std::stop_token& stop = {});

  /// The same of this partition of several topics, in their order, by one question to
  /// each broker; nullopt for a topic that is not there.
  Result<std::vector<std::optional<OffsetRange>>> offsets(
      const std::vector<std::string>& topics, int32_t partition,
      const std::stop_token& stop);

  /// The offset of the first message of a partition that is as young as that, by its own
  /// time; nullopt where there is none.
  Result<std::optional<int64_t>> offset_at(const std::string& topic, int32_t partition,
                                           std::chrono::milliseconds since_1970,
                                           const std::stop_token& stop = {});

  /// Make a topic, and wait until the brokers know it. Errors: kAlreadyExists …
  Status create_topic(const std::string& topic, int32_t num_partitions,
                      const Settings& configuration, const std::stop_token& stop = {});

  /// Ask whether create_topic() would succeed; no topic is made.
  Status check_may_create(const std::string& topic, int32_t num_partitions,
                          const std::stop_token& stop = {});

  /// Delete a topic; one that is not there is no error.
  Status delete_topic(const std::string& topic);

  /// What to say after a stop.
  Status stopped() const;

  /// The error for a code: "cannot WHAT: …".
  Status error(rd_kafka_resp_err_t code, const std::string& what,
               const std::string& detail = {}) const;

  /// Take an answer over: the error for it, or OK where it is nullptr.
  Status error(rd_kafka_error_t* answer, const std::string& what) const;

 private:
  Client(const Librdkafka& library, std::string shown)
      : library_(library), shown_(std::move(shown)) {}

  Result<int64_t> ask_for_offset(const std::string& topic, int32_t partition,
                                 int64_t what, const std::stop_token& stop);
  Result<std::vector<std::optional<int64_t>>> ask_for_offsets(
      const std::vector<std::string>& topics, int32_t partition, int64_t what,
      const std::stop_token& stop);
  rd_kafka_resp_err_t ask_for_offsets(rd_kafka_topic_partition_list_t* asked,
                                      const std::stop_token& stop);
  Result<const struct rd_kafka_metadata*> metadata(rd_kafka_topic_t* asked,
                                                   const std::string& what,
                                                   const std::stop_token& stop);
  template <typename Request>
  Status change_topic(const std::string& topic, const std::string& what,
                      const std::stop_token& stop, Request request);
  Status request_topic(const std::string& topic, int32_t num_partitions,
                       const Settings& configuration, bool only_validate,
                       const std::stop_token& stop);
  Status wait_until_known(const std::string& topic, const std::stop_token& stop);

  const Librdkafka& library_;
  const std::string shown_;
  Reports reports_;
  rd_kafka_t* handle_ = nullptr;
  std::atomic<bool> is_consuming_{false};
};

}  // namespace velo::kafka
