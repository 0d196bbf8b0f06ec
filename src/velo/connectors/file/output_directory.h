#pragma once

#include <memory>
#include <string>

#include "velo/fileset/staging.h"

namespace velo::file {

/// A directory of this machine, written into; it need not be there. `directory` is
/// literal.
std::shared_ptr<fileset::Directory> make_output_directory(std::string directory);

/// Files staged at `staging`, which messages call `shown`, to be renamed to below
/// `target`. All end in slashes.
std::unique_ptr<fileset::StagingArea> make_local_staging(std::string staging,
                                                         std::string shown,
                                                         std::string target);

}  // namespace velo::file
