#pragma once

/// Sources whose splits could be cut in many ways.

#include "velo/source.h"

namespace velo {

/// What a SplitSource is, too, where it cuts what it reads into splits by a size that may
/// be another in the next run. Threads: thread-compatible.
class CutSource {
 public:
  virtual ~CutSource() = default;

  /// Say how far earlier runs have read it, before discover(): it is cut as they have.
  virtual void go_on_from(const Positions& earlier) = 0;
};

/// Say so to a source that is one.
inline void go_on_from(SplitSource& source, const Positions& earlier) {
  if (auto* cut = dynamic_cast<CutSource*>(&source)) cut->go_on_from(earlier);
}

}  // namespace velo
