#include "velo/connectors/file/sink.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "velo/base/glob.h"
#include "velo/connectors/file/directory_sink.h"
#include "velo/connectors/file/encoded_file.h"
#include "velo/storage/local_file.h"

namespace velo::file {
namespace {

class SingleFileWriter : public DataWriter {
 public:
  SingleFileWriter(std::string path, FileOptions options)
      : path_(std::move(path)), options_(std::move(options)) {}

  Status write(const Batch& batch, std::stop_token) override {
    if (!file_) {
      schema_ = batch.rows->schema();
      ARROW_ASSIGN_OR_RAISE(staged_, storage::StagedFile::create(path_));
      ARROW_ASSIGN_OR_RAISE(
          file_, EncodedFile::create(path_, staged_, schema_, options_.values));
    } else if (!batch.rows->schema()->Equals(*schema_, /*check_metadata=*/false)) {
      return make_error(ErrorKind::kSchemaMismatch,
                        {.connector = "file", .resource = path_},
                        "a batch came with other columns than the first");
    }
    if (batch.rows->num_rows() == 0) return Status::OK();
    return file_->write(*batch.rows);
  }

  Status finish() override {
    if (finished_) return outcome_;
    finished_ = true;
    outcome_ = publish();
    if (!outcome_.ok() && staged_) staged_->discard();
    return outcome_;
  }

  void abort() noexcept override {
    if (finished_) return;
    if (staged_) staged_->discard();
    finished_ = true;
    outcome_ = make_error(ErrorKind::kCancelled, {.connector = "file", .resource = path_},
                          "the writer was aborted");
  }

  int64_t bytes_written() const override { return file_ ? file_->bytes_written() : 0; }

 private:
  Status publish() {
    if (!file_) {
      return make_error(ErrorKind::kInvalidArgument,
                        {.connector = "file", .resource = path_},
                        "nothing was written: not even an empty batch, which would have "
                        "told the columns");
    }
    ARROW_RETURN_NOT_OK(file_->finish());
    return staged_->publish();
  }

  const std::string path_;
  const FileOptions options_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<storage::StagedFile> staged_;
  std::unique_ptr<EncodedFile> file_;
  bool finished_ = false;
  Status outcome_;  // of finish(), for those who call it again
};

class FileSink : public DataSink {
 public:
  explicit FileSink(FileOptions options)
      : options_(std::move(options)), path_(literal_path(options_.pattern)) {
    if (options_.is_directory) directory_.emplace(path_, options_);
  }

  Status validate_schema(const arrow::Schema& schema) override {
    for (const std::string& name : options_.partition_by) {
      if (schema.GetFieldIndex(name) < 0) {
        return make_error(ErrorKind::kSchemaMismatch,
                          {.connector = "file", .resource = path_},
                          fmt::format("partition_by names a column '{}' that the rows do "
                                      "not have",
                                      name));
      }
    }
    return Status::OK();
  }

  Result<std::unique_ptr<DataWriter>> create_writer() override {
    if (directory_) return write_one_epoch(*directory_);
    // Said now, not after the source was read.
    ARROW_RETURN_NOT_OK(encoding_of(path_, options_.values).status());
    ARROW_RETURN_NOT_OK(storage::StagedFile::create(path_).status());
    std::error_code ignored;
    if (options_.mode == FileOptions::Mode::kError &&
        std::filesystem::exists(path_, ignored)) {
      return make_error(ErrorKind::kAlreadyExists,
                        {.connector = "file", .resource = path_},
                        "the file exists, and mode=error");
    }
    return std::make_unique<SingleFileWriter>(path_, options_);
  }

  bool supports_transactions() const override { return true; }
  bool supports_upsert() const override { return false; }
  TransactionalSink* transactions() override {
    return directory_ ? &*directory_ : nullptr;
  }

 private:
  const FileOptions options_;
  const std::string path_;
  std::optional<DirectorySink> directory_;
};

}  // namespace

std::unique_ptr<DataSink> make_file_sink(FileOptions options) {
  return std::make_unique<FileSink>(std::move(options));
}

}  // namespace velo::file
