#include "velo/connectors/kafka/check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "velo/connectors/kafka/consumer.h"
#include "velo/connectors/kafka/producer.h"

namespace velo::kafka {
namespace {

using Outcome = Result<std::string>;
using Partitions = std::vector<int32_t>;

// As rd_kafka_version() tells them: 0xMMmmrrpp.
constexpr int kKnowsLeaderEpochs = 0x020100ff;
constexpr int kHasGroupProtocol = 0x020c00ff;
constexpr std::chrono::seconds kLongestRead{10};
constexpr std::chrono::milliseconds kPollWait{200};

void tell_of_library(CheckReport& report) {
  const auto library = librdkafka();
  if (!library.ok()) {
    (void)report.tried("open librdkafka", library.status());
    return;
  }
  (void)report.tried("open librdkafka", Outcome((*library)->version_str()));
  const std::string lacks = lacks_of_library((*library)->version());
  if (!lacks.empty()) report.lacks("what librdkafka knows", lacks);
}

Status no_such_topic(Client& client, const KafkaOptions& options,
                     const std::stop_token& stop) {
  const auto topics = client.topics("", stop);
  std::vector<std::string_view> known;
  if (topics.ok()) known.assign(topics->begin(), topics->end());
  const std::string_view near = nearest_name(options.topic, known);
  return make_error(
      ErrorKind::kNotFound, {.connector = "kafka", .resource = options.shown},
      near.empty() ? "there is no such topic that we may see"
                   : fmt::format("there is no such topic that we may see; did you "
                                 "mean '{}'?",
                                 near));
}

// Reads one message of the first partition that has any.
Outcome read_one(const KafkaOptions& options, const Partitions& partitions,
                 const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const auto consumer, Consumer::open(options));
  for (const int32_t partition : partitions) {
    ARROW_ASSIGN_OR_RAISE(const OffsetRange range,
                          consumer->client().offsets(options.topic, partition, stop));
    if (range.begin >= range.end) continue;
    ARROW_RETURN_NOT_OK(consumer->assign(options.topic, {{partition, range.begin}}));
    const auto begin = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begin < kLongestRead) {
      if (stop.stop_requested()) return consumer->client().stopped();
      ARROW_ASSIGN_OR_RAISE(const auto message, consumer->poll(kPollWait));
      if (message) {
        return fmt::format("partition {} has offsets {} to {}", partition, range.begin,
                           range.end);
      }
    }
    return make_error(ErrorKind::kTransient,
                      {.connector = "kafka", .resource = options.shown},
                      fmt::format("partition {} gave out nothing in {} seconds",
                                  partition, kLongestRead.count()));
  }
  return "it has no messages yet";
}

Outcome may_make(Client& client, const std::string& topic, int32_t num_partitions,
                 const std::stop_token& stop) {
  ARROW_RETURN_NOT_OK(client.check_may_create(topic, num_partitions, stop));
  return "it is not there, and may be made";
}

Outcome may_begin_transactions(const KafkaOptions& options, const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const auto producer, Producer::open(options, "velo-check-0"));
  ARROW_RETURN_NOT_OK(producer->take_over(stop));
  return "transactional ids that begin with velo- are granted";
}

}  // namespace

std::string lacks_of_library(int version) {
  std::vector<std::string> lacks;
  if (version < kKnowsLeaderEpochs) {
    lacks.emplace_back(
        "leader epochs (KIP-320; 2.1.0): a partition that an unclean "
        "election has cut is noticed by its offsets alone");
  }
  if (version < kHasGroupProtocol) {
    lacks.emplace_back("the newer protocol of consumer groups (KIP-848; 2.12.0)");
  }
  return lacks.empty() ? "" : fmt::format("it lacks {}", fmt::join(lacks, ", and "));
}

void check_reading(const KafkaOptions& options, CheckReport& report,
                   const std::stop_token& stop) {
  tell_of_library(report);
  if (!report.failure().ok()) return;
  std::optional<Partitions> partitions;
  const auto reach = [&]() -> Outcome {
    ARROW_ASSIGN_OR_RAISE(const auto client, Client::open_control(options));
    ARROW_ASSIGN_OR_RAISE(partitions, client->partitions(options.topic, stop));
    if (!partitions) return no_such_topic(*client, options, stop);
    return fmt::format("{}, {} partitions", options.topic, partitions->size());
  };
  if (!report.tried("reach the brokers, find the topic", reach()).ok()) return;
  (void)report.tried("read a message", read_one(options, *partitions, stop));
}

void check_writing(const KafkaOptions& options, CheckReport& report,
                   const std::stop_token& stop) {
  tell_of_library(report);
  if (!report.failure().ok()) return;
  const auto client = Client::open_control(options);
  std::optional<Partitions> partitions;
  const auto reach = [&]() -> Outcome {
    ARROW_RETURN_NOT_OK(client.status());
    ARROW_ASSIGN_OR_RAISE(partitions, (*client)->partitions(options.topic, stop));
    return partitions
               ? fmt::format("{}, {} partitions", options.topic, partitions->size())
               : options.topic + " is not there";
  };
  if (!report.tried("reach the brokers, look for the topic", reach()).ok()) return;
  if (!partitions) {
    (void)report.tried("make the topic",
                       may_make(**client, options.topic, options.num_partitions, stop));
  }
  (void)report.tried("make the record's topic",
                     may_make(**client, "velo_checkpoint-velo-check", 1, stop));
  (void)report.tried("begin transactions", may_begin_transactions(options, stop));
}

}  // namespace velo::kafka
