#pragma once

#include <memory>
#include <string>

#include "velo/connectors/file/options.h"
#include "velo/source.h"

namespace velo::file {

/// A pipe or a device at `path`, whose bytes come in order and once: the second reader is
/// refused. create_reader() does not wait, so that the waiting for a writer and its bytes
/// is done in the reader's read(), or in fetch_schema(); a stop ends either.
std::unique_ptr<DataSource> make_pipe_source(std::string path, FileOptions options);

}  // namespace velo::file
