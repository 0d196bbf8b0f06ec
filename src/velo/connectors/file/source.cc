#include "velo/connectors/file/source.h"

#include <utility>

#include "velo/base/glob.h"
#include "velo/connectors/file/local_files.h"
#include "velo/connectors/file/pipe_source.h"
#include "velo/connectors/file/watch_source.h"
#include "velo/fileset/source.h"
#include "velo/storage/local_file.h"

namespace velo::file {

std::unique_ptr<DataSource> make_file_source(FileOptions options) {
  if (options.watch) return make_watch_source(std::move(options));
  std::string path = literal_path(options.pattern);
  if (storage::is_pipe(path)) {
    return make_pipe_source(std::move(path), std::move(options));
  }
  auto files = make_local_files(options);
  return fileset::make_source(std::move(options), std::move(files));
}

}  // namespace velo::file
