#include "velo/connectors/file/sink.h"

#include <filesystem>
#include <utility>

#include "velo/base/glob.h"
#include "velo/connectors/file/output_directory.h"
#include "velo/fileset/sink.h"
#include "velo/storage/local_file.h"

namespace velo::file {
namespace {

class StagedLocalFile : public fileset::PublishedOutput {
 public:
  explicit StagedLocalFile(std::shared_ptr<storage::StagedFile> file)
      : file_(std::move(file)), bytes_(file_) {}

  const std::shared_ptr<arrow::io::OutputStream>& bytes() const override {
    return bytes_;
  }
  Status publish() override { return file_->publish(); }
  void discard() noexcept override { file_->discard(); }

 private:
  const std::shared_ptr<storage::StagedFile> file_;
  const std::shared_ptr<arrow::io::OutputStream> bytes_;
};

class LocalFile : public fileset::SingleFile {
 public:
  explicit LocalFile(std::string path) : path_(std::move(path)) {}

  Result<std::unique_ptr<fileset::PublishedOutput>> create() override {
    ARROW_ASSIGN_OR_RAISE(auto file, storage::StagedFile::create(path_));
    return std::make_unique<StagedLocalFile>(std::move(file));
  }

  Result<bool> exists() override {
    std::error_code ignored;
    return std::filesystem::exists(path_, ignored);
  }

  const std::string& shown() const override { return path_; }

 private:
  const std::string path_;
};

}  // namespace

std::unique_ptr<DataSink> make_file_sink(FileOptions options) {
  std::string path = literal_path(options.pattern);
  if (options.is_directory) {
    return fileset::make_directory_sink(std::move(options),
                                        make_output_directory(std::move(path)));
  }
  return fileset::make_single_file_sink(std::move(options),
                                        std::make_shared<LocalFile>(std::move(path)));
}

}  // namespace velo::file
