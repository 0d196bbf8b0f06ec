#pragma once

/// What every source does.

#include <memory>
#include <string>
#include <vector>

#include "velo/testing/conformance/reading.h"
#include "velo/testing/conformance/traits.h"

namespace velo::testing {

/// What one test of a source has.
class SourceTest {
 public:
  static constexpr int64_t kNumRows = 1000;

  /// `connector`, `kind` and `place` outlive it.
  SourceTest(const Connector& connector, const SourceKind& kind, Place& place)
      : connector_(connector), kind_(kind), place_(place) {}

  const SourceKind& kind() const { return kind_; }
  const Place& place() const { return place_; }

  /// Put the rows there that most tests read, as two parts; or ask for those that are
  /// there, where a source takes none. They have the columns of named_schema(), or more.
  Result<Rows> fill(int64_t num_rows = kNumRows);

  Status put(const std::vector<Rows>& rows) {
    return testing::put(connector_, place_, rows);
  }

  /// Open a source of what was put there as these columns.
  Result<std::unique_ptr<DataSource>> open(
      const std::shared_ptr<arrow::Schema>& schema = named_schema()) const {
    return open_source(connector_, place_, schema);
  }

  /// Read all that is there now.
  Result<std::vector<Rows>> read_all(
      const std::shared_ptr<arrow::Schema>& schema = named_schema()) const;

 private:
  const Connector& connector_;
  const SourceKind& kind_;
  Place& place_;
};

/// One behaviour of a source, and what it takes.
struct SourceCase {
  std::string name;
  std::vector<Trait> needs;
  void (*run)(SourceTest& test);
};

/// Of a source that is read whole.
std::vector<SourceCase> source_cases();

/// Of one that can be read again from a position.
std::vector<SourceCase> split_cases();

/// Of one whose records can be bad.
std::vector<SourceCase> bad_record_cases();

/// All of these.
std::vector<SourceCase> all_source_cases();

}  // namespace velo::testing
