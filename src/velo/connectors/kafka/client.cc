#include "velo/connectors/kafka/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "velo/base/clock.h"
#include "velo/connectors/kafka/kafka_error.h"

namespace velo::kafka {
namespace {

using std::chrono::seconds;

constexpr int kAnswerMilliseconds = 10'000;
// How often who may be stopped looks around.
constexpr int kSliceMilliseconds = 1'000;
constexpr int kFirstSliceMilliseconds = 150;
constexpr int kPollMilliseconds = 100;
// How long nobody need answer at first; where all are out of reach, so long.
constexpr seconds kLongestConnect{10};
constexpr seconds kLongestRefused{3};

Reports& reports_of(void* opaque) { return *static_cast<Reports*>(opaque); }

void on_error(rd_kafka_t*, int code, const char* reason, void* opaque) {
  reports_of(opaque).add_error(static_cast<rd_kafka_resp_err_t>(code), reason);
}

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  if (message->err) reports_of(opaque).add_failed_message(message->err);
}

void on_log(const rd_kafka_t*, int, const char*, const char*) {}

template <typename Handle>
class Owned {
 public:
  Owned(Handle* handle, void (*destroy)(Handle*)) : handle_(handle), destroy_(destroy) {}
  ~Owned() {
    if (handle_ != nullptr) destroy_(handle_);
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  Handle* get() const { return handle_; }

 private:
  Handle* const handle_;
  void (*const destroy_)(Handle*);
};

}  // namespace

void Reports::add_error(rd_kafka_resp_err_t code, std::string reason) {
  const std::lock_guard lock(mutex_);
  has_outage_ = true;
  // This only says that the last of them is gone.
  if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) reason_ = std::move(reason);
}

void Reports::add_failed_message(rd_kafka_resp_err_t code) {
  const std::lock_guard lock(mutex_);
  // What is purged fails because something else has.
  const bool is_cause =
      code != RD_KAFKA_RESP_ERR__PURGE_QUEUE && code != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
  if (is_cause && !failed_message_) failed_message_ = code;
}

std::string Reports::reason() const {
  const std::lock_guard lock(mutex_);
  return reason_;
}

bool Reports::has_outage() const {
  const std::lock_guard lock(mutex_);
  return has_outage_;
}

void Reports::forget_outage() {
  const std::lock_guard lock(mutex_);
  has_outage_ = false;
}

std::optional<rd_kafka_resp_err_t> Reports::failed_message() const {
  const std::lock_guard lock(mutex_);
  return failed_message_;
}

Result<std::unique_ptr<Client>> Client::open(rd_kafka_type_t type,
                                             const KafkaOptions& options,
                                             const Settings& settings) {
  ARROW_ASSIGN_OR_RAISE(const Librdkafka* library, librdkafka());
  std::unique_ptr<Client> client(new Client(*library, options.shown));
  std::array<char, 512> words{};
  rd_kafka_conf_t* configuration = library->conf_new();
  const auto refuse = [&] {
    return make_error(ErrorKind::kInvalidArgument,
                      {.connector = "kafka", .resource = options.shown}, words.data());
  };
  Settings all = {{"bootstrap.servers", options.brokers},
                  {"client.id", "velo"},
                  {"reconnect.backoff.max.ms", "1000"},
                  // A name may have an address where nobody listens ("localhost"): they
                  // are tried in turn for as long, and in a new order after it.
                  {"broker.address.ttl", "10000"}};
  all.insert(all.end(), settings.begin(), settings.end());
  for (const auto& [name, value] : all) {
    if (library->conf_set(configuration, name.c_str(), value.c_str(), words.data(),
                          words.size()) != RD_KAFKA_CONF_OK) {
      library->conf_destroy(configuration);
      return refuse();
    }
  }
  library->conf_set_opaque(configuration, &client->reports_);
  library->conf_set_error_cb(configuration, on_error);
  library->conf_set_log_cb(configuration, on_log);
  if (type == RD_KAFKA_PRODUCER) library->conf_set_dr_msg_cb(configuration, on_delivery);
  client->handle_ = library->make(type, configuration, words.data(), words.size());
  if (client->handle_ != nullptr) return client;
  library->conf_destroy(configuration);
  return refuse();
}

Result<std::unique_ptr<Client>> Client::open_control(const KafkaOptions& options) {
  // Not a producer: that makes a topic by asking for it.
  return open(RD_KAFKA_CONSUMER, options, {{"isolation.level", "read_uncommitted"}});
}

Client::~Client() {
  if (handle_ != nullptr) {
    library_.destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }
}

void Client::begin_to_consume() {
  if (!is_consuming_.exchange(true)) library_.poll_set_consumer(handle_);
}

void Client::bring_reports() {
  // Of a consumer this would take messages, and drop them.
  if (!is_consuming_) library_.poll(handle_, 0);
}

Status Client::stopped() const {
  return make_error(ErrorKind::kCancelled, {.connector = "kafka", .resource = shown_},
                    "stopped");
}

Status Client::error(rd_kafka_resp_err_t code, const std::string& what,
                     const std::string& detail) const {
  std::string words = detail.empty() ? library_.err2str(code) : detail;
  if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
      code == RD_KAFKA_RESP_ERR__RESOLVE || code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT) {
    const std::string reason = reports_.reason();
    if (!reason.empty()) words = reason;
    words += "; is a broker there, and does it listen at this address?";
  }
  return make_error(
      classify_kafka_error(code),
      {.connector = "kafka", .resource = shown_, .vendor_code = library_.err2name(code)},
      fmt::format("cannot {}: {}", what, words));
}

Status Client::error(rd_kafka_error_t* answer, const std::string& what) const {
  if (answer == nullptr) return Status::OK();
  const Owned owned(answer, library_.error_destroy);
  return error(library_.error_code(answer), what, library_.error_string(answer));
}

// `asked`: nullptr for all topics. The answer is the caller's.
Result<const struct rd_kafka_metadata*> Client::metadata(rd_kafka_topic_t* asked,
                                                         const std::string& what,
                                                         const std::stop_token& stop) {
  const auto begin = steady_clock().now();
  const struct rd_kafka_metadata* answer = nullptr;
  // Short at first: where an address was refused, the next one is asked with the next.
  for (int slice = kFirstSliceMilliseconds;;
       slice = std::min(2 * slice, kSliceMilliseconds)) {
    const auto code = library_.metadata(handle_, /*all_topics=*/asked == nullptr, asked,
                                        &answer, slice);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return answer;
    if (stop.stop_requested()) return stopped();
    bring_reports();
    const auto elapsed = steady_clock().now() - begin;
    if (elapsed >= kLongestConnect ||
        (elapsed >= kLongestRefused && reports_.has_outage())) {
      return error(code, what);
    }
  }
}

Result<std::optional<std::vector<int32_t>>> Client::partitions(
    const std::string& topic, const std::stop_token& stop) {
  const std::string what = "ask for the partitions of " + topic;
  const Owned asked(library_.topic_new(handle_, topic.c_str(), nullptr),
                    library_.topic_destroy);
  if (asked.get() == nullptr) return error(library_.last_error(), "name " + topic);
  ARROW_ASSIGN_OR_RAISE(const auto* answer, metadata(asked.get(), what, stop));
  const Owned owned(answer, library_.metadata_destroy);
  if (answer->topic_cnt != 1) return std::nullopt;
  const rd_kafka_metadata_topic& found = answer->topics[0];
  if (classify_kafka_error(found.err) == ErrorKind::kNotFound) return std::nullopt;
  if (found.err) return error(found.err, what);
  std::vector<int32_t> partitions;
  for (int i = 0; i < found.partition_cnt; ++i) {
    partitions.push_back(found.partitions[i].id);
  }
  return partitions;
}

Result<std::vector<std::string>> Client::topics(const std::string& prefix,
                                                const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const auto* answer, metadata(nullptr, "ask for topics", stop));
  const Owned owned(answer, library_.metadata_destroy);
  std::vector<std::string> names;
  for (int i = 0; i < answer->topic_cnt; ++i) {
    const std::string_view name = answer->topics[i].topic;
    if (name.starts_with(prefix)) names.emplace_back(name);
  }
  std::ranges::sort(names);
  return names;
}

QueueLimits QueueLimits::of(int64_t num_bytes) {
  constexpr int64_t kLeastKbytes = 1024;
  constexpr int64_t kLeastMessages = 1000;
  constexpr int64_t kMostMessages = 100'000;
  constexpr int64_t kBytesBesideEach = 256;
  return {.kbytes = std::to_string(std::max(num_bytes >> 10, kLeastKbytes)),
          .num_messages = std::to_string(
              std::clamp(num_bytes / kBytesBesideEach, kLeastMessages, kMostMessages))};
}

rd_kafka_resp_err_t Client::ask_for_offsets(rd_kafka_topic_partition_list_t* asked,
                                            const std::stop_token& stop) {
  auto code = RD_KAFKA_RESP_ERR__TIMED_OUT;
  const int slice = stop.stop_possible() ? kSliceMilliseconds : kAnswerMilliseconds;
  for (int waited = 0; code == RD_KAFKA_RESP_ERR__TIMED_OUT &&
                       waited < kAnswerMilliseconds && !stop.stop_requested();
       waited += slice) {
    code = library_.offsets_for_times(handle_, asked, slice);
  }
  return code;
}

// `what` is a time, or what stands for one of the two ends.
Result<int64_t> Client::ask_for_offset(const std::string& topic, int32_t partition,
                                       int64_t what, const std::stop_token& stop) {
  const Owned asked(library_.topic_partition_list_new(1),
                    library_.topic_partition_list_destroy);
  auto* place = library_.topic_partition_list_add(asked.get(), topic.c_str(), partition);
  place->offset = what;
  auto code = ask_for_offsets(asked.get(), stop);
  if (stop.stop_requested()) return stopped();
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = place->err;
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return place->offset;
  bring_reports();
  return error(code, fmt::format("ask for the offsets of {}/{}", topic, partition));
}

// Asked by times that stand for the two ends: rd_kafka_query_watermark_offsets (2.0.2)
// waits for ever where no broker answers.
Result<OffsetRange> Client::offsets(const std::string& topic, int32_t partition,
                                    const std::stop_token& stop) {
  OffsetRange range;
  ARROW_ASSIGN_OR_RAISE(
      range.begin, ask_for_offset(topic, partition, RD_KAFKA_OFFSET_BEGINNING, stop));
  ARROW_ASSIGN_OR_RAISE(range.end,
                        ask_for_offset(topic, partition, RD_KAFKA_OFFSET_END, stop));
  return range;
}

// A topic that is gone counts as none; that all are is told by the whole list's error.
Result<std::vector<std::optional<int64_t>>> Client::ask_for_offsets(
    const std::vector<std::string>& topics, int32_t partition, int64_t what,
    const std::stop_token& stop) {
  const Owned asked(library_.topic_partition_list_new(static_cast<int>(topics.size())),
                    library_.topic_partition_list_destroy);
  for (const std::string& topic : topics) {
    library_.topic_partition_list_add(asked.get(), topic.c_str(), partition)->offset =
        what;
  }
  const auto code = ask_for_offsets(asked.get(), stop);
  if (stop.stop_requested()) return stopped();
  std::vector<std::optional<int64_t>> offsets;
  for (int i = 0; i < asked.get()->cnt; ++i) {
    const auto& place = asked.get()->elems[i];
    const auto failure = place.err != RD_KAFKA_RESP_ERR_NO_ERROR ? place.err : code;
    if (failure == RD_KAFKA_RESP_ERR_NO_ERROR) {
      offsets.emplace_back(place.offset);
    } else if (failure == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
               failure == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) {
      offsets.emplace_back(std::nullopt);
    } else {
      bring_reports();
      return error(failure,
                   fmt::format("ask for the offsets of {}/{}", place.topic, partition));
    }
  }
  return offsets;
}

Result<std::vector<std::optional<OffsetRange>>> Client::offsets(
    const std::vector<std::string>& topics, int32_t partition,
    const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(
      const auto begins,
      ask_for_offsets(topics, partition, RD_KAFKA_OFFSET_BEGINNING, stop));
  ARROW_ASSIGN_OR_RAISE(const auto ends,
                        ask_for_offsets(topics, partition, RD_KAFKA_OFFSET_END, stop));
  std::vector<std::optional<OffsetRange>> ranges;
  for (size_t i = 0; i < topics.size(); ++i) {
    const bool is_there = begins[i] && ends[i];
    ranges.push_back(is_there ? std::optional(OffsetRange{*begins[i], *ends[i]})
                              : std::nullopt);
  }
  return ranges;
}

Result<std::optional<int64_t>> Client::offset_at(const std::string& topic,
                                                 int32_t partition,
                                                 std::chrono::milliseconds since_1970,
                                                 const std::stop_token& stop) {
  // What is below 0 stands for something else.
  const int64_t time = std::max<int64_t>(since_1970.count(), 0);
  ARROW_ASSIGN_OR_RAISE(const int64_t offset,
                        ask_for_offset(topic, partition, time, stop));
  return offset < 0 ? std::nullopt : std::optional(offset);
}

template <typename Request>
Status Client::change_topic(const std::string& topic, const std::string& what,
                            const std::stop_token& stop, Request request) {
  const Owned queue(library_.queue_new(handle_), library_.queue_destroy);
  const Owned options(library_.admin_options_new(handle_, RD_KAFKA_ADMIN_OP_ANY),
                      library_.admin_options_destroy);
  std::array<char, 256> words{};
  // The answer comes when all brokers know of it.
  library_.admin_options_set_timeout(options.get(), kAnswerMilliseconds, words.data(),
                                     words.size());
  request(options.get(), queue.get());
  rd_kafka_event_t* answer = nullptr;
  while (answer == nullptr) {
    if (stop.stop_requested()) return stopped();
    answer = library_.queue_poll(queue.get(), kPollMilliseconds);
  }
  const Owned event(answer, library_.event_destroy);
  if (const auto code = library_.event_error(event.get())) {
    return error(code, fmt::format("{} topic {}", what, topic),
                 library_.event_error_string(event.get()));
  }
  size_t num_topics = 0;
  const rd_kafka_topic_result_t** topics = nullptr;
  if (const auto* created = library_.event_create_topics_result(event.get())) {
    topics = library_.create_topics_result_topics(created, &num_topics);
  } else if (const auto* deleted = library_.event_delete_topics_result(event.get())) {
    topics = library_.delete_topics_result_topics(deleted, &num_topics);
  }
  if (num_topics != 1) return error(RD_KAFKA_RESP_ERR__FAIL, what + " topic " + topic);
  const auto code = library_.topic_result_error(topics[0]);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return Status::OK();
  const char* detail = library_.topic_result_error_string(topics[0]);
  return error(code, fmt::format("{} topic {}", what, topic), detail ? detail : "");
}

Status Client::request_topic(const std::string& topic, int32_t num_partitions,
                             const Settings& configuration, bool only_validate,
                             const std::stop_token& stop) {
  std::array<char, 256> words{};
  // -1: as the broker's default has it.
  const Owned description(library_.new_topic_new(topic.c_str(), num_partitions, -1,
                                                 words.data(), words.size()),
                          library_.new_topic_destroy);
  if (description.get() == nullptr) {
    return error(RD_KAFKA_RESP_ERR__INVALID_ARG, "make topic " + topic, words.data());
  }
  for (const auto& [name, value] : configuration) {
    library_.new_topic_set_config(description.get(), name.c_str(), value.c_str());
  }
  return change_topic(topic, "make", stop,
                      [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                        if (only_validate) {
                          library_.admin_options_set_validate_only(
                              options, 1, words.data(), words.size());
                        }
                        rd_kafka_NewTopic_t* topics[] = {description.get()};
                        library_.create_topics(handle_, topics, 1, options, queue);
                      });
}

Status Client::check_may_create(const std::string& topic, int32_t num_partitions,
                                const std::stop_token& stop) {
  return request_topic(topic, num_partitions, {}, /*only_validate=*/true, stop);
}

Status Client::create_topic(const std::string& topic, int32_t num_partitions,
                            const Settings& configuration, const std::stop_token& stop) {
  ARROW_RETURN_NOT_OK(
      request_topic(topic, num_partitions, configuration, /*only_validate=*/false, stop));
  return wait_until_known(topic, stop);
}

// A broker may have heard of a new topic before its neighbour.
Status Client::wait_until_known(const std::string& topic, const std::stop_token& stop) {
  const auto begin = steady_clock().now();
  while (steady_clock().now() - begin < kLongestConnect) {
    ARROW_ASSIGN_OR_RAISE(const auto known, partitions(topic, stop));
    if (known && !known->empty() && offsets(topic, known->back(), stop).ok()) {
      return Status::OK();
    }
    steady_clock().wait_for(std::chrono::milliseconds(100), stop);
    if (stop.stop_requested()) return stopped();
  }
  return error(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, "use the new topic " + topic);
}

// Again where the answer was lost: a run whose record is gone is not to fail.
Status Client::delete_topic(const std::string& topic) {
  const Owned description(library_.delete_topic_new(topic.c_str()),
                          library_.delete_topic_destroy);
  const auto begin = steady_clock().now();
  while (true) {
    const Status status =
        change_topic(topic, "delete", {},
                     [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                       rd_kafka_DeleteTopic_t* topics[] = {description.get()};
                       library_.delete_topics(handle_, topics, 1, options, queue);
                     });
    const ErrorKind kind = kind_of(status);
    if (!status.ok() && kind == ErrorKind::kNotFound) return Status::OK();
    if (status.ok() || kind != ErrorKind::kTransient ||
        steady_clock().now() - begin > kLongestConnect) {
      return status;
    }
  }
}

}  // namespace velo::kafka
