#include "velo/connectors/kafka/record_topic.h"

#include <fmt/format.h>

#include <chrono>
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

// What the pipeline of this record topic writes to.
Result<std::string> target_of(const KafkaOptions& options, const std::string& topic,
                              const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const auto reader, RecordReader::open(options, topic, stop));
  ARROW_RETURN_NOT_OK(reader->read_before_open(stop));
  return reader->log().topic();
}

}  // namespace

Result<std::vector<std::string>> RecordTopic::list(const KafkaOptions& options,
                                                   const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const auto control, Client::open_control(options));
  ARROW_ASSIGN_OR_RAISE(const auto topics, control->topics(kPrefix, stop));
  std::vector<std::string> pipelines;
  for (const std::string& topic : topics) {
    const auto target = target_of(options, topic, stop);
    if (!target.ok()) {
      // Another pipeline may have ended meanwhile.
      ARROW_ASSIGN_OR_RAISE(const auto known, control->partitions(topic, stop));
      if (!known) continue;
      return target.status();
    }
    if (*target != options.topic) continue;
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
