#include "velo/connectors/iceberg/local_file_io.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "velo/base/system_error.h"
#include "velo/storage/local_directory.h"
#include "velo/storage/local_file.h"
#include "velo/storage/local_output.h"

namespace velo::iceberg {
namespace {

// Removed unless it was closed.
class NewLocalFile : public arrow::io::OutputStream {
 public:
  NewLocalFile(std::string path, std::shared_ptr<storage::LocalOutput> output)
      : path_(std::move(path)), output_(std::move(output)) {}

  ~NewLocalFile() override { drop(); }

  Status Write(const void* data, int64_t num_bytes) override {
    return output_->Write(data, num_bytes);
  }
  using arrow::io::Writable::Write;
  Status Flush() override { return Status::OK(); }
  Result<int64_t> Tell() const override { return output_->Tell(); }
  bool closed() const override { return closed_; }

  Status Close() override {
    if (closed_) return Status::OK();
    ARROW_RETURN_NOT_OK(output_->sync_and_close());
    ARROW_RETURN_NOT_OK(storage::sync_directory(storage::parent_directory(path_)));
    closed_ = true;
    return Status::OK();
  }

  Status Abort() override {
    drop();
    return Status::OK();
  }

 private:
  void drop() {
    if (std::exchange(closed_, true)) return;
    ::unlink(path_.c_str());
  }

  const std::string path_;
  const std::shared_ptr<storage::LocalOutput> output_;
  bool closed_ = false;
};

class LocalFileIo : public FileIo {
 public:
  void set_stop(const std::stop_token&) override {}  // nothing waits for long

  Result<std::shared_ptr<arrow::io::RandomAccessFile>> open(const std::string& location,
                                                            std::stop_token) override {
    return storage::open_local_file(std::string(local_path_of(location)));
  }

  Result<std::shared_ptr<arrow::io::OutputStream>> create(const std::string& location,
                                                          int64_t) override {
    std::string path(local_path_of(location));
    ARROW_RETURN_NOT_OK(
        storage::make_directories(storage::parent_directory(path)).status());
    ARROW_ASSIGN_OR_RAISE(auto output, storage::LocalOutput::create(path));
    return std::make_shared<NewLocalFile>(std::move(path), std::move(output));
  }

  Status remove(const std::string& location) override {
    const std::string path(local_path_of(location));
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return Status::OK();
    return errno_error(errno, "remove it", path);
  }

  Result<std::vector<std::string>> list(const std::string& directory,
                                        const std::string& prefix) override {
    ARROW_ASSIGN_OR_RAISE(const auto names,
                          storage::names_in(std::string(local_path_of(directory))));
    std::vector<std::string> locations;
    for (const std::string& name : names) {
      if (name.starts_with(prefix)) locations.push_back(directory + "/" + name);
    }
    return locations;
  }
};

}  // namespace

std::unique_ptr<FileIo> make_local_file_io() { return std::make_unique<LocalFileIo>(); }

}  // namespace velo::iceberg
