#include "commit_observer.h"

namespace velo::cli {

CommitObserver* commit_observer() { return nullptr; }

}  // namespace velo::cli
