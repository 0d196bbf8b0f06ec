#pragma once

/// What every sink does.

#include <string>
#include <vector>

#include "velo/testing/conformance/reading.h"
#include "velo/testing/conformance/traits.h"

namespace velo::testing {

/// What one test of a sink has.
class SinkTest {
 public:
  /// `connector`, `kind` and `place` outlive it.
  SinkTest(const Connector& connector, const SinkKind& kind, Place& place)
      : connector_(connector), kind_(kind), place_(place) {}

  const Connector& connector() const { return connector_; }
  const SinkKind& kind() const { return kind_; }
  Place& place() const { return place_; }

  /// Open a sink of the place, as the program does.
  Result<std::unique_ptr<DataSink>> open() const;

  Status put(const std::vector<Rows>& rows) const {
    return testing::put(connector_, place_, rows);
  }

  /// What is there for a reader, who is another client than the sink.
  Result<std::vector<Rows>> read_back(
      const std::shared_ptr<arrow::Schema>& schema = named_schema()) const {
    return read_place(connector_, place_, schema);
  }

  /// The ids of that, in order.
  std::vector<int64_t> ids_there() const;

 private:
  const Connector& connector_;
  const SinkKind& kind_;
  Place& place_;
};

/// One behaviour of a sink, and what it takes.
struct SinkCase {
  std::string name;
  std::vector<Trait> needs;
  void (*run)(SinkTest& test);
};

/// Of a sink that is written by a plain writer.
std::vector<SinkCase> sink_cases();

/// Of one that keeps records: what its commits do.
std::vector<SinkCase> commit_cases();

/// And what is left of a process that ends, wherever it does.
std::vector<SinkCase> recovery_cases();

/// All of these.
std::vector<SinkCase> all_sink_cases();

}  // namespace velo::testing
