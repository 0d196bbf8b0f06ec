#include "velo/connectors/kafka/producer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "velo/connectors/kafka/kafka_error.h"

namespace velo::kafka {
namespace {

using std::chrono::seconds;

constexpr int kCallMilliseconds = 5'000;
constexpr int kPollMilliseconds = 100;
constexpr int kAbortMilliseconds = 2'000;
// A call that has not ended is made again for so long.
constexpr seconds kLongestTakeOver{60};
constexpr seconds kLongestCommit{30};
constexpr int64_t kMaxSocketMilliseconds = 60'000;

using Clock = std::chrono::steady_clock;

// A call that has not ended is made again: so who may be stopped looks around.
int milliseconds_of_call(const std::stop_token& stop) {
  return stop.stop_possible() ? kPollMilliseconds : kCallMilliseconds;
}

}  // namespace

Result<std::unique_ptr<Producer>> Producer::open(const KafkaOptions& options,
                                                 const std::string& transactional_id) {
  const int64_t timeout = options.transaction_timeout.count();
  // Neither may be longer than the transaction's, or librdkafka refuses.
  const std::string socket = std::to_string(std::min(timeout, kMaxSocketMilliseconds));
  const auto queue = QueueLimits::of(options.writer_bytes / 4);
  ARROW_ASSIGN_OR_RAISE(
      auto client, Client::open(RD_KAFKA_PRODUCER, options,
                                {{"transactional.id", transactional_id},
                                 {"transaction.timeout.ms", std::to_string(timeout)},
                                 {"message.timeout.ms", std::to_string(timeout)},
                                 {"socket.timeout.ms", socket},
                                 {"linger.ms", "5"},
                                 // As Java's: topics that are joined agree.
                                 {"partitioner", "murmur2_random"},
                                 {"queue.buffering.max.messages", queue.num_messages},
                                 {"queue.buffering.max.kbytes", queue.kbytes}}));
  return std::unique_ptr<Producer>(new Producer(std::move(client)));
}

Producer::~Producer() { abort(); }

Status Producer::error(rd_kafka_resp_err_t code, const std::string& what) const {
  std::array<char, 512> words{};
  client_->bring_reports();
  const auto fatal =
      client_->library().fatal_error(client_->handle(), words.data(), words.size());
  if (fatal) return client_->error(fatal, what, words.data());
  const auto failed = client_->reports().failed_message();
  return client_->error(failed.value_or(code), what);
}

Status Producer::take_over(const std::stop_token& stop) {
  const auto begin = Clock::now();
  while (true) {
    if (stop.stop_requested()) return client_->stopped();
    rd_kafka_error_t* answer = client_->library().init_transactions(
        client_->handle(), milliseconds_of_call(stop));
    const bool again =
        answer != nullptr && client_->library().error_is_retriable(answer) == 1;
    client_->bring_reports();
    const Status status = client_->error(answer, "begin to write transactions");
    if (status.ok() || !again || Clock::now() - begin > kLongestTakeOver) return status;
  }
}

Result<Producer::Topic*> Producer::open_topic(const std::string& name) {
  Topic* topic = client_->library().topic_new(client_->handle(), name.c_str(), nullptr);
  if (topic == nullptr) return error(client_->library().last_error(), "write " + name);
  topics_.emplace_back(topic, client_->library().topic_destroy);
  return topic;
}

Status Producer::begin() {
  if (state_ == State::kOpen) return Status::OK();
  ARROW_RETURN_NOT_OK(client_->error(
      client_->library().begin_transaction(client_->handle()), "begin a transaction"));
  state_ = State::kOpen;
  return Status::OK();
}

Status Producer::send(Topic* topic, std::string_view key,
                      std::optional<std::string_view> payload,
                      const std::stop_token& stop) {
  const Librdkafka& library = client_->library();
  const std::string_view bytes = payload.value_or(std::string_view());
  while (true) {
    // librdkafka copies the payload, which is not const by its signature alone.
    const int outcome =
        library.produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                        payload ? const_cast<char*>(bytes.data()) : nullptr, bytes.size(),
                        key.empty() ? nullptr : key.data(), key.size(), nullptr);
    if (outcome == 0) return Status::OK();
    const auto code = library.last_error();
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) return error(code, "write a message");
    if (stop.stop_requested()) {
      return make_error(ErrorKind::kCancelled, {.connector = "kafka"}, "stopped");
    }
    library.poll(client_->handle(), kPollMilliseconds);
  }
}

Status Producer::flush(const std::stop_token& stop) {
  const Librdkafka& library = client_->library();
  // Each message has its time-out, so this ends.
  while (library.outq_len(client_->handle()) > 0) {
    if (stop.stop_requested()) {
      state_ = State::kUnknown;
      return client_->stopped();
    }
    library.flush(client_->handle(), milliseconds_of_call(stop));
  }
  client_->bring_reports();
  const auto failed = client_->reports().failed_message();
  return failed ? error(*failed, "write a message") : Status::OK();
}

Status Producer::commit(const std::stop_token& stop) {
  const Librdkafka& library = client_->library();
  const auto begin = Clock::now();
  state_ = State::kUnknown;
  while (true) {
    if (stop.stop_requested()) return client_->stopped();
    rd_kafka_error_t* answer =
        library.commit_transaction(client_->handle(), milliseconds_of_call(stop));
    if (answer == nullptr) {
      state_ = State::kIdle;
      return Status::OK();
    }
    const bool again = library.error_is_retriable(answer) == 1;
    const bool is_open = library.error_txn_requires_abort(answer) == 1;
    const Status status = client_->error(answer, "commit the transaction");
    if (is_open) {
      state_ = State::kOpen;
      abort();
      return status;
    }
    if (kind_of(status) == ErrorKind::kFenced) return status;
    if (again && Clock::now() - begin < kLongestCommit) {
      library.poll(client_->handle(), kPollMilliseconds);
      continue;
    }
    return make_error(
        ErrorKind::kCommitStateUnknown, {.connector = "kafka"},
        fmt::format("{}; whether it was committed is found out when the pipeline goes on",
                    status.message()));
  }
}

void Producer::abort() noexcept {
  if (state_ != State::kOpen) return;
  state_ = State::kIdle;
  const Librdkafka& library = client_->library();
  // Where it cannot be told, the broker's time-out or the next run does it.
  if (rd_kafka_error_t* answer =
          library.abort_transaction(client_->handle(), kAbortMilliseconds)) {
    library.error_destroy(answer);
  }
}

}  // namespace velo::kafka
