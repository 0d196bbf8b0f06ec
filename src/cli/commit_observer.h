#pragma once

#include "velo/commit.h"

namespace velo::cli {

/// Who hears of the steps of commits: nobody, in the program that ships; in the one for
/// crash tests, whoever ends the process there.
CommitObserver* commit_observer();

}  // namespace velo::cli
