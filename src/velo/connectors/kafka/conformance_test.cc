// What every source and sink does, of Kafka's topics.

#include "velo/testing/conformance/conformance.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "velo/base/random_id.h"
#include "velo/connectors/kafka/client.h"
#include "velo/connectors/kafka/connector.h"
#include "velo/connectors/kafka/consumer.h"
#include "velo/testing/matchers.h"

namespace velo::kafka {
namespace {

using testing::IsOk;
using testing::Place;
using testing::Trait;
using testing::with_option;

// A topic of two partitions, and the records of the pipelines that write into it.
class Topic : public Place {
 public:
  static Result<std::unique_ptr<Place>> make() {
    ARROW_ASSIGN_OR_RAISE(Uri uri, testing::uri_of_server("VELO_TEST_KAFKA_URI"));
    uri.path = "/conformance-" + random_id();
    ARROW_ASSIGN_OR_RAISE(const auto options,
                          KafkaOptions::from_uri(uri, OptionUse::kSink));
    ARROW_ASSIGN_OR_RAISE(auto control, Client::open_control(options));
    return std::unique_ptr<Place>(new Topic(uri, options.topic, std::move(control)));
  }

  ~Topic() override {
    EXPECT_THAT(control_->delete_topic(topic_), IsOk());
    for (const std::string& record : records_) {
      EXPECT_THAT(control_->delete_topic(record), IsOk());
    }
  }

  // Who is overtaken by a run that has ended hears of it after the time-out.
  Uri sink() const override {
    return with_option(with_option(uri_, "partitions", "2"), "transaction_timeout", "8s");
  }

  Uri source(const arrow::Schema& rows) const override {
    return with_option(with_option(uri_, "schema", testing::schema_option(rows)),
                       "batch_size", "200");
  }

  std::string name() const override { return topic_; }

  // Brokers answer a commit before all partitions have its mark.
  Status settle() const override {
    ARROW_ASSIGN_OR_RAISE(const auto options,
                          KafkaOptions::from_uri(uri_, OptionUse::kSource));
    ARROW_ASSIGN_OR_RAISE(const auto committed, Consumer::open(options));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(3);
    while (std::chrono::steady_clock::now() < deadline) {
      ARROW_ASSIGN_OR_RAISE(const auto partitions, control_->partitions(topic_));
      if (!partitions) break;
      bool is_settled = true;
      for (const int32_t partition : *partitions) {
        ARROW_ASSIGN_OR_RAISE(const auto all, control_->offsets(topic_, partition));
        ARROW_ASSIGN_OR_RAISE(const auto seen,
                              committed->client().offsets(topic_, partition));
        is_settled = is_settled && seen.end == all.end;
      }
      if (is_settled) break;
    }
    return Status::OK();  // a transaction of another is open
  }

  void expect_pipeline(const std::string& id) override {
    records_.insert("velo_checkpoint-" + id);
  }

  Result<std::vector<std::string>> leftovers() const override {
    std::vector<std::string> names;
    for (const std::string& record : records_) {
      ARROW_ASSIGN_OR_RAISE(const auto partitions, control_->partitions(record));
      if (partitions) names.push_back(record);
    }
    return names;
  }

 private:
  Topic(Uri uri, std::string topic, std::unique_ptr<Client> control)
      : uri_(std::move(uri)), topic_(std::move(topic)), control_(std::move(control)) {}

  const Uri uri_;
  const std::string topic_;
  const std::unique_ptr<Client> control_;
  std::set<std::string> records_;
};

testing::Conformance conformance() {
  const auto types = testing::all_types();
  return {
      .folder = "kafka",
      .connector = kafka_connector(),
      .sources = {{{.name = "topic", .make_place = Topic::make, .types = types}}},
      .sinks =
          {{{.name = "topic",
             .lacks = {{Trait::kChecksColumns, "a message has the fields that it has"},
                       {Trait::kUpserts, "a topic keeps every message, also of one key"},
                       {Trait::kWaits,
                        "brokers say their own addresses, so that no "
                        "proxy of the test's stands in between"}},
             .make_place = Topic::make,
             .types = types},
            CommitKind::kSession,
            {{CommitStep::kAfterPublish, "a lane's commit is both"}}}},
  };
}

}  // namespace
}  // namespace velo::kafka

int main(int argc, char** argv) {
  return velo::testing::run_conformance(argc, argv, velo::kafka::conformance());
}
