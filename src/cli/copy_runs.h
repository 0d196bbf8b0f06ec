#pragma once

/// Copying the streams of a source.

#include <stop_token>
#include <vector>

#include "copy_pair.h"
#include "failures.h"
#include "monitor.h"

namespace velo::cli {

/// Copy one, and tell of it. Errors: those of velo::run; a stop says what became of it.
Status copy_one(const CopyPair& pair, Monitor& monitor, const std::stop_token& stop);

struct CopyRuns {
  std::vector<CopyPair>& pairs;
  Monitor& monitor;
  bool fail_fast = false;  ///< whether the first failure ends the others
  Failures& failures;      ///< the exit codes of those that have failed, and were told of
};

/// Copy them all: those that end one after another, those that go on beside each other,
/// with one budget of memory. Errors: of what is not about one of several.
Status copy_all(const CopyRuns& runs, std::stop_token stop);

}  // namespace velo::cli
