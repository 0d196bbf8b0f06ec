#include "velo/connectors/kafka/connector.h"

#include <utility>

#include "velo/connectors/kafka/options.h"
#include "velo/connectors/kafka/sink.h"
#include "velo/connectors/kafka/source.h"
#include "velo/connectors/kafka/split_reader.h"
#include "velo/streams.h"

namespace velo::kafka {
namespace {

Result<std::unique_ptr<DataSource>> create_source(const Uri& uri) {
  ARROW_ASSIGN_OR_RAISE(auto options, KafkaOptions::from_uri(uri, OptionUse::kSource));
  return make_kafka_source(std::move(options));
}

Result<std::unique_ptr<DataSink>> create_sink(const Uri& uri) {
  ARROW_ASSIGN_OR_RAISE(auto options, KafkaOptions::from_uri(uri, OptionUse::kSink));
  return make_kafka_sink(std::move(options));
}

Result<StreamList> list_streams(const Uri& uri, std::stop_token) {
  ARROW_ASSIGN_OR_RAISE(const auto topics, topics_of(uri));
  StreamList list;
  for (const std::string& topic : topics) {
    Uri one = uri;
    one.path = "/" + topic;
    list.streams.push_back(
        {.name = topic, .fields = {{"topic", topic}}, .uri = std::move(one)});
  }
  return list;
}

}  // namespace

Connector kafka_connector() {
  return {
      .scheme = "kafka",
      .summary = "Kafka: messages of a topic as rows, rows as messages in transactions",
      .examples = {"kafka://localhost:9092/events?group_id=analytics",
                   "kafka://one:9092,two:9092/orders?offset=latest",
                   "kafka://localhost/orders,events",
                   "kafka://localhost/orders?schema=id int64,total decimal(12,2)"},
      .options = KafkaOptions::descriptors(),
      .create_source = create_source,
      .create_sink = create_sink,
      .list_streams = list_streams,
      .describe_position = describe_position,
  };
}

}  // namespace velo::kafka
