#include "velo/connectors/kafka/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "velo/base/clock.h"
#include "velo/connectors/kafka/check.h"
#include "velo/connectors/kafka/sample.h"
#include "velo/connectors/kafka/split_reader.h"
#include "velo/formats/projection.h"

namespace velo::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kDiscoverEvery{30};

class Partitions : public SplitDiscovery {
 public:
  Partitions(const KafkaOptions& options, ReadBounds bounds, bool once,
             std::unique_ptr<Client> client)
      : options_(options),
        bounds_(std::move(bounds)),
        once_(once),
        client_(std::move(client)) {}

  Result<NewSplits> poll(milliseconds max_wait, std::stop_token stop) override {
    NewSplits found{.added = {}, .complete = once_};
    Clock& clock = steady_clock();
    if (clock.now() < next_look_) {
      const auto until = std::min(next_look_, clock.now() + max_wait);
      if (clock.wait_until(until, std::move(stop))) return found;
      return make_error(ErrorKind::kCancelled,
                        {.connector = "kafka", .resource = options_.shown}, "stopped");
    }
    const auto partitions = partitions_of(*client_, options_);
    next_look_ = clock.now() + kDiscoverEvery;
    // Whether the brokers are away for too long is for the reader to say.
    if (!known_.empty() && !partitions.ok() && is_retryable(partitions.status())) {
      return found;
    }
    ARROW_RETURN_NOT_OK(partitions);
    ARROW_RETURN_NOT_OK(bounds_.check_partitions(options_.topic, *partitions));
    for (const int32_t partition : *partitions) {
      if (known_.insert(partition).second) {
        found.added.push_back(split_of(options_.topic, partition));
      }
    }
    return found;
  }

 private:
  const KafkaOptions options_;
  const ReadBounds bounds_;
  const bool once_;
  const std::unique_ptr<Client> client_;
  std::set<int32_t> known_;
  Clock::Time next_look_{};
};

class KafkaSource : public DataSource, public SplitSource {
 public:
  explicit KafkaSource(KafkaOptions options)
      : options_(std::move(options)), schema_(options_.schema) {}

  void set_stop(std::stop_token stop) override { stop_ = std::move(stop); }

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    if (!schema_) {
      ARROW_ASSIGN_OR_RAISE(schema_, infer_schema(options_, keeps_bad_, stop_));
    }
    return schema_;
  }

  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& read) override {
    ARROW_ASSIGN_OR_RAISE(auto schema, schema_of(read));
    ARROW_ASSIGN_OR_RAISE(auto reader, create_split_reader(read));
    ARROW_ASSIGN_OR_RAISE(auto discovery, open_discovery(read.once || ends()));
    return read_all_splits(std::move(discovery), std::move(reader), std::move(schema),
                           read);
  }

  void keep_bad_records() override { keeps_bad_ = true; }

  Status set_range(const ReadRange& range) override {
    ARROW_RETURN_NOT_OK(check_range(range));
    ARROW_ASSIGN_OR_RAISE(from_, OffsetBound::parse("from", range.from));
    return OffsetBound::parse("until", range.until).Value(&until_);
  }

  bool supports_streaming() const override { return !ends(); }
  bool supports_batch() const override { return true; }
  SplitSource* splits() override { return this; }

  void check(CheckReport& report, std::stop_token stop) override {
    check_reading(options_, report, stop);
  }

  std::string identity() const override { return options_.identity; }

  Result<std::unique_ptr<SplitDiscovery>> discover() override {
    return open_discovery(/*once=*/ends());
  }

  Result<std::unique_ptr<SplitReader>> create_split_reader(
      const ReadOptions& read) override {
    ARROW_ASSIGN_OR_RAISE(auto schema, schema_of(read));
    KafkaOptions options = options_;
    options.reader_bytes = read.memory_bytes;
    return KafkaSplitReader::make(options, read, {from_, until_},
                                  {.schema = schema_,
                                   .is_inferred = !options_.schema,
                                   .columns = read.columns,
                                   .keep_bad_records = keeps_bad_,
                                   .envelope = options_.envelope},
                                  std::move(schema));
  }

 private:
  bool ends() const { return !until_.is_none(); }

  Result<std::shared_ptr<arrow::Schema>> schema_of(const ReadOptions& read) {
    ARROW_ASSIGN_OR_RAISE(const auto whole, fetch_schema());
    ARROW_ASSIGN_OR_RAISE(auto projection,
                          formats::project(*whole, read.columns, options_.shown));
    return std::move(projection.schema);
  }

  Result<std::unique_ptr<SplitDiscovery>> open_discovery(bool once) const {
    ARROW_ASSIGN_OR_RAISE(auto client, Client::open_control(options_));
    return std::make_unique<Partitions>(options_, ReadBounds{from_, until_}, once,
                                        std::move(client));
  }

  const KafkaOptions options_;
  std::stop_token stop_;
  bool keeps_bad_ = false;
  OffsetBound from_;
  OffsetBound until_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

std::unique_ptr<DataSource> make_kafka_source(KafkaOptions options) {
  return std::make_unique<KafkaSource>(std::move(options));
}

}  // namespace velo::kafka
