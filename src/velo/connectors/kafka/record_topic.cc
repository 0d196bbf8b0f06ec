#include "velo/connectors/kafka/record_topic.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <map>
#include <utility>

namespace velo::kafka {
namespace {

constexpr char kPrefix[] = "velo_checkpoint-";
constexpr int32_t kPartition = 0;
constexpr std::chrono::seconds kLongestRead{60};
constexpr std::chrono::milliseconds kPollWait{200};

}  // namespace

Result<std::unique_ptr<RecordReader>> RecordReader::open(const KafkaOptions& options,
                                                         std::string name,
                                                         const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(auto consumer, Consumer::open(options));
  std::unique_ptr<RecordReader> reader(
      new RecordReader(std::move(name), std::move(consumer)));
  ARROW_ASSIGN_OR_RAISE(const OffsetRange range, reader->consumer_->client().offsets(
                                                     reader->name_, kPartition, stop));
  reader->next_ = range.begin;
  ARROW_RETURN_NOT_OK(
      reader->consumer_->assign(reader->name_, {{kPartition, range.begin}}));
  return reader;
}

Status RecordReader::read_before_open(const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const OffsetRange range,
                        consumer_->client().offsets(name_, kPartition, stop));
  return read_to(range.end, stop);
}

// The control's end is that of all messages: a reader of committed ones stops before an
// open transaction, and would take what it has seen by then for all.
Status RecordReader::read_all(Client& control, const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const OffsetRange range,
                        control.offsets(name_, kPartition, stop));
  return read_to(range.end, stop);
}

Status RecordReader::read_to(int64_t end, const std::stop_token& stop) {
  const auto begin = std::chrono::steady_clock::now();
  while (next_ < end) {
    if (stop.stop_requested()) return consumer_->client().stopped();
    ARROW_ASSIGN_OR_RAISE(const auto message, consumer_->poll(kPollWait));
    if (message) {
      next_ = message->offset() + (message->is_end() ? 0 : 1);
      if (message->is_end() || !message->payload()) continue;
      ARROW_RETURN_NOT_OK(
          annotate(log_.add(message->key().value_or(""), *message->payload()),
                   fmt::format("topic {}, offset {}", name_, message->offset())));
    } else if (std::chrono::steady_clock::now() - begin > kLongestRead) {
      return make_error(
          ErrorKind::kTransient, {.connector = "kafka", .resource = name_},
          fmt::format("offset {} of {} was reached in a minute: a transaction is open in "
                      "this topic, which is this pipeline's own",
                      next_, end));
    }
  }
  return Status::OK();
}

RecordTopic::RecordTopic(KafkaOptions options, const PipelineIdentity& pipeline)
    : options_(std::move(options)), name_(kPrefix + pipeline.id) {}

namespace {

// Reads several record topics at once, by one consumer, as far as tells what they are of.
class RecordTopics {
 public:
  static Result<RecordTopics> open(const KafkaOptions& options, Client& control) {
    ARROW_ASSIGN_OR_RAISE(auto consumer, Consumer::open(options));
    return RecordTopics(control, std::move(consumer));
  }

  // Another pipeline may have ended meanwhile.
  Status add(const std::vector<std::string>& topics, const std::stop_token& stop) {
    ARROW_ASSIGN_OR_RAISE(const auto ranges,
                          consumer_->client().offsets(topics, kPartition, stop));
    for (size_t i = 0; i < topics.size(); ++i) {
      const auto& range = ranges[i];
      if (!range || range->begin >= range->end) continue;  // nothing was committed
      open_[topics[i]].end = range->end;
      ARROW_RETURN_NOT_OK(consumer_->assign(topics[i], {{kPartition, range->begin}}));
    }
    return Status::OK();
  }

  // The topics that pipelines of these record topics write to, by the latter.
  Result<std::map<std::string, std::string>> read(const std::stop_token& stop) {
    const auto begin = std::chrono::steady_clock::now();
    while (!open_.empty()) {
      if (stop.stop_requested()) return consumer_->client().stopped();
      const auto message = consumer_->poll(kPollWait);
      if (!message.ok()) {
        ARROW_RETURN_NOT_OK(drop_gone(message.status(), stop));
      } else if (*message) {
        ARROW_RETURN_NOT_OK(add(**message));
      } else if (std::chrono::steady_clock::now() - begin > kLongestRead) {
        return make_error(
            ErrorKind::kTransient,
            {.connector = "kafka", .resource = open_.begin()->first},
            "this record topic could not be read to its end within a minute");
      }
    }
    return std::move(targets_);
  }

 private:
  struct Reading {
    int64_t end = 0;
    RecordLog log;
  };

  RecordTopics(Client& control, std::unique_ptr<Consumer> consumer)
      : control_(control), consumer_(std::move(consumer)) {}

  Status add(const Message& message) {
    const std::string topic = message.topic();
    const auto found = open_.find(topic);
    if (found == open_.end()) return Status::OK();  // enough is known
    Reading& reading = found->second;
    if (!message.is_end() && message.payload()) {
      ARROW_RETURN_NOT_OK(
          annotate(reading.log.add(message.key().value_or(""), *message.payload()),
                   fmt::format("topic {}, offset {}", topic, message.offset())));
    }
    if (!reading.log.topic().empty()) targets_[topic] = reading.log.topic();
    const int64_t next = message.offset() + (message.is_end() ? 0 : 1);
    if (!reading.log.topic().empty() || next >= reading.end) open_.erase(found);
    return Status::OK();
  }

  // Another pipeline may have ended meanwhile.
  Status unless_gone(const std::string& topic, const Status& failure,
                     const std::stop_token& stop) {
    ARROW_ASSIGN_OR_RAISE(const auto known, control_.partitions(topic, stop));
    if (known) return failure;
    has_dropped_ = true;
    return Status::OK();
  }

  // What is gone goes on to be complained of.
  Status drop_gone(const Status& failure, const std::stop_token& stop) {
    for (auto at = open_.begin(); at != open_.end();) {
      const bool is_gone = unless_gone(at->first, failure, stop).ok();
      at = is_gone ? open_.erase(at) : std::next(at);
    }
    return has_dropped_ ? Status::OK() : failure;
  }

  Client& control_;
  std::unique_ptr<Consumer> consumer_;
  std::map<std::string, Reading> open_;  // by topic
  std::map<std::string, std::string> targets_;
  bool has_dropped_ = false;
};

}  // namespace

Result<std::vector<std::string>> RecordTopic::list(const KafkaOptions& options,
                                                   const std::string& prefix,
                                                   const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const auto control, Client::open_control(options));
  ARROW_ASSIGN_OR_RAISE(const auto topics, control->topics(kPrefix + prefix, stop));
  if (topics.empty()) return std::vector<std::string>();
  ARROW_ASSIGN_OR_RAISE(RecordTopics records, RecordTopics::open(options, *control));
  ARROW_RETURN_NOT_OK(records.add(topics, stop));
  ARROW_ASSIGN_OR_RAISE(const auto targets, records.read(stop));
  std::vector<std::string> pipelines;
  for (const auto& [topic, target] : targets) {
    if (target != options.topic) continue;
    pipelines.push_back(topic.substr(std::string_view(kPrefix).size()));
  }
  return pipelines;
}

Status RecordTopic::create(Client& control, const std::stop_token& stop) const {
  ARROW_ASSIGN_OR_RAISE(const auto known, control.partitions(name_, stop));
  if (known) return Status::OK();
  // The segment that is written to is never compacted: a small one keeps recover() short.
  const Status status = control.create_topic(
      name_, 1, {{"cleanup.policy", "compact"}, {"segment.bytes", "16777216"}}, stop);
  return !status.ok() && kind_of(status) == ErrorKind::kAlreadyExists ? Status::OK()
                                                                      : status;
}

Status RecordTopic::remove(Client& control) const { return control.delete_topic(name_); }

}  // namespace velo::kafka
