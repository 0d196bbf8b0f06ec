#pragma once

/// The topic that holds a pipeline's record: one partition, compacted, the pipeline's
/// own, so that no transaction of others can hide what is in it.

#include <memory>
#include <string>
#include <vector>

#include "velo/commit.h"
#include "velo/connectors/kafka/consumer.h"
#include "velo/connectors/kafka/record.h"

namespace velo::kafka {

/// Reads the topic from its beginning. Threads: thread-compatible. What takes a stop ends
/// about a second after it was requested, with kCancelled.
class RecordReader {
 public:
  static Result<std::unique_ptr<RecordReader>> open(const KafkaOptions& options,
                                                    std::string name,
                                                    const std::stop_token& stop);

  /// Go on to where the first open transaction begins, if there is one.
  Status read_before_open(const std::stop_token& stop);

  /// Go on to the end, behind transactions that are open now. Errors: kTransient where
  /// one stays open.
  Status read_all(Client& control, const std::stop_token& stop);

  const RecordLog& log() const { return log_; }

 private:
  RecordReader(std::string name, std::unique_ptr<Consumer> consumer)
      : name_(std::move(name)), consumer_(std::move(consumer)) {}

  Status read_to(int64_t end, const std::stop_token& stop);

  const std::string name_;
  const std::unique_ptr<Consumer> consumer_;
  int64_t next_ = 0;
  RecordLog log_;
};

/// Names the topic of a pipeline. Threads: safe.
class RecordTopic {
 public:
  /// The options are those of the sink.
  RecordTopic(KafkaOptions options, const PipelineIdentity& pipeline);

  const std::string& name() const { return name_; }

  /// The pipelines whose records are of the sink's topic, and whose ids begin with
  /// `prefix`.
  static Result<std::vector<std::string>> list(const KafkaOptions& options,
                                               const std::string& prefix,
                                               const std::stop_token& stop);

  /// Make it where it is not there.
  Status create(Client& control, const std::stop_token& stop) const;

  Result<std::unique_ptr<RecordReader>> open_reader(const std::stop_token& stop) const {
    return RecordReader::open(options_, name_, stop);
  }

  Status remove(Client& control) const;

 private:
  const KafkaOptions options_;
  const std::string name_;
};

}  // namespace velo::kafka
