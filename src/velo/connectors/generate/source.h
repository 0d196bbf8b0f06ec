#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "velo/base/clock.h"
#include "velo/connectors/generate/options.h"
#include "velo/source.h"

namespace velo::generate {

/// "row 1234", counted from 0, for a position of a reader's; empty for another.
std::string describe_position(std::string_view source, const Position& position);

/// A table that is made as it is read. Reads no predicate; a limit ends it early.
/// Threads: thread-compatible.
class GenerateSource : public DataSource, public SplitSource {
 public:
  /// `clock` paces a table with a rate; it must outlive the source and its readers.
  static Result<std::unique_ptr<DataSource>> make(const Uri& uri, Clock& clock);

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override;
  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& options) override;
  bool supports_streaming() const override { return options_.unbounded; }
  bool supports_batch() const override { return !options_.unbounded; }
  SplitSource* splits() override { return this; }

  std::string identity() const override { return identity_; }
  Result<std::unique_ptr<SplitDiscovery>> discover() override;
  Result<std::unique_ptr<SplitReader>> create_split_reader(
      const ReadOptions& options) override;

 private:
  GenerateSource(GenerateOptions options, std::string name, std::string identity,
                 Clock& clock)
      : options_(options),
        name_(std::move(name)),
        identity_(std::move(identity)),
        clock_(clock) {}

  Result<std::vector<Column>> columns_of(const ReadOptions& options) const;

  const GenerateOptions options_;
  const std::string name_;  // the URI without options, for messages
  const std::string identity_;
  Clock& clock_;
};

}  // namespace velo::generate
