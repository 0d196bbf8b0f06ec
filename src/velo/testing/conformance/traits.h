#pragma once

/// What a connector declares of its sources and sinks: the suites ask for the rest.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "velo/commit.h"
#include "velo/connector.h"
#include "velo/error.h"
#include "velo/testing/conformance/place.h"
#include "velo/testing/conformance/rows.h"

namespace velo::testing {

/// What a source or a sink has, unless it says that it lacks it.
enum class Trait : int8_t {
  // Of a source.
  kTakesRows,     ///< reads the rows that a test has put there
  kReadsNothing,  ///< a place without rows has columns, and is read as no rows
  kNamesMissing,  ///< a place that is not there is told from an empty one
  kReplayable,    ///< can be read again from a position
  kOrdered,       ///< rows that were put together come in their order, in each split
  kStreams,       ///< can be read on, as rows are added
  kBadRecords,    ///< a record may not fit its columns, and is kept where that is asked
  // Of a sink.
  kReadsBack,      ///< what was written can be read by a source of the same connector
  kTransactional,  ///< keeps a pipeline's record together with its rows
  kAppends,        ///< an epoch is added to what was there
  kInvisible,      ///< rows are not seen before their commit
  kManyLanes,      ///< several lanes can write
  kChecksColumns,  ///< a column that the place does not have is refused
  kUpserts,        ///< a row replaces the one of its key
  kWaits,          ///< a write can wait for the system
  kDropsMidway,    ///< a process can be dropped, by an exception, between completions
};

/// The name of a trait in READMEs: "replayable".
std::string_view to_string(Trait trait);

/// Something that is not so, and why.
struct Lack {
  Trait trait;
  std::string reason;
};

/// A step that a commit never reaches, and why.
struct Unreached {
  CommitStep step;
  std::string reason;
};

/// What both kinds have.
struct Kind {
  std::string name;  ///< "table"; in the names of tests
  std::vector<Lack> lacks = {};
  /// Make a place that nobody else has; nothing is there yet.
  Result<std::unique_ptr<Place>> (*make_place)() = nullptr;
  /// The types of columns that are tried, and what they come back as.
  std::vector<TypeTrip> types = {};
  Years years = {};

  /// nullptr where it has the trait.
  const Lack* find_lack(Trait trait) const;
};

/// One kind of source.
struct SourceKind : Kind {
  /// So many rows, put there in two parts or in five, have positions inside of each.
  int64_t num_rows_for_positions = 1000;
};

/// One kind of sink.
struct SinkKind : Kind {
  CommitKind commit_kind = CommitKind::kDurable;  ///< where it is transactional
  std::vector<Unreached> unreached = {};
};

/// All that a connector declares.
struct Conformance {
  std::string folder;  ///< below src/velo/connectors, of the README
  Connector connector;
  std::vector<SourceKind> sources = {};
  std::vector<SinkKind> sinks = {};
};

}  // namespace velo::testing
