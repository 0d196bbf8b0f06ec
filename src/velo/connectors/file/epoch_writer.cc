#include "velo/connectors/file/epoch_writer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "velo/connectors/file/encoded_file.h"
#include "velo/connectors/file/partition.h"
#include "velo/storage/local_directory.h"
#include "velo/storage/local_output.h"
#include "velo/storage/manifest.h"

namespace velo::file {
namespace {

// Each open file holds a row group in memory and a file descriptor.
constexpr size_t kMaxOpenFiles = 64;

class FileEpochWriter : public EpochWriter {
 public:
  FileEpochWriter(StagingPlace place, FileOptions options,
                  std::shared_ptr<arrow::Schema> schema)
      : place_(std::move(place)),
        options_(std::move(options)),
        schema_(std::move(schema)),
        extension_(extension_of(options_.values)) {}

  // What was not handed over in a token is nobody's.
  ~FileEpochWriter() override {
    for (const auto& [directory, file] : open_) remove_staged(file.entry);
    for (const storage::ManifestFile& entry : finished_) remove_staged(entry);
  }

  Status write(const Batch& batch, std::stop_token) override {
    if (!batch.rows->schema()->Equals(*schema_, /*check_metadata=*/false)) {
      return make_error(ErrorKind::kSchemaMismatch, {.connector = "file"},
                        "a batch came with other columns than the first");
    }
    ARROW_ASSIGN_OR_RAISE(auto partitions,
                          split_by_partition(batch.rows, options_.partition_by));
    for (const PartitionRows& partition : partitions) {
      if (partition.rows->num_rows() == 0) continue;
      ARROW_ASSIGN_OR_RAISE(OpenFile * file, file_for(partition));
      ARROW_RETURN_NOT_OK(file->encoded->write(*partition.rows));
      file->entry.num_rows += partition.rows->num_rows();
      file->last_use = ++num_uses_;
    }
    return Status::OK();
  }

  Result<CommitToken> prepare(const CommitRecord& record) override {
    while (!open_.empty()) ARROW_RETURN_NOT_OK(finish(open_.begin()));
    if (!finished_.empty()) {
      ARROW_RETURN_NOT_OK(storage::sync_directory(place_.directory, place_.shown));
    }
    CommitToken token = storage::encode_token(finished_);
    finished_.clear();
    num_files_ = 0;
    place_.epoch = record.epoch + 1;
    return token;
  }

  int64_t bytes_written() const override {
    int64_t num_bytes = bytes_finished_;
    for (const auto& [directory, file] : open_)
      num_bytes += file.encoded->bytes_written();
    return num_bytes;
  }

 private:
  struct OpenFile {
    std::shared_ptr<storage::LocalOutput> output;
    std::unique_ptr<EncodedFile> encoded;
    storage::ManifestFile entry;
    int64_t last_use = 0;
  };
  using OpenFiles = std::map<std::string, OpenFile>;  // by the partition's directory

  Result<OpenFile*> file_for(const PartitionRows& partition) {
    const auto found = open_.find(partition.directory);
    if (found != open_.end()) return &found->second;
    if (open_.size() >= kMaxOpenFiles) {
      ARROW_RETURN_NOT_OK(finish(std::ranges::min_element(
          open_, {}, [](const auto& named) { return named.second.last_use; })));
    }
    ARROW_RETURN_NOT_OK(
        storage::check_rename(place_.directory, place_.target + partition.directory));
    OpenFile file;
    const int number = num_files_++;
    file.entry.staged = fmt::format("f{}-e{}-{}-{}.part", place_.fence, place_.epoch,
                                    place_.lane, number);
    file.entry.path = fmt::format("{}part-{}-{:08}-f{}-{}-{:05}.{}", partition.directory,
                                  place_.incarnation, place_.epoch, place_.fence,
                                  place_.lane, number, extension_);
    ARROW_ASSIGN_OR_RAISE(
        file.output, storage::LocalOutput::create(place_.directory + file.entry.staged,
                                                  place_.shown + file.entry.staged));
    ARROW_ASSIGN_OR_RAISE(file.encoded,
                          EncodedFile::create(file.entry.path, file.output,
                                              partition.rows->schema(), options_.values));
    return &open_.emplace(partition.directory, std::move(file)).first->second;
  }

  void remove_staged(const storage::ManifestFile& entry) const {
    ::unlink((place_.directory + entry.staged).c_str());
  }

  Status finish(OpenFiles::iterator place) {
    OpenFile& file = place->second;
    ARROW_RETURN_NOT_OK(file.encoded->finish());
    file.entry.num_bytes = file.encoded->bytes_written();
    ARROW_RETURN_NOT_OK(file.output->sync_and_close());
    bytes_finished_ += file.entry.num_bytes;
    finished_.push_back(std::move(file.entry));
    open_.erase(place);
    return Status::OK();
  }

  StagingPlace place_;
  const FileOptions options_;
  const std::shared_ptr<arrow::Schema> schema_;
  const std::string extension_;
  OpenFiles open_;
  std::vector<storage::ManifestFile> finished_;
  int64_t bytes_finished_ = 0;
  int64_t num_uses_ = 0;
  int num_files_ = 0;
};

}  // namespace

std::string extension_of(const OptionValues& values) {
  std::string extension = values.text("format");
  if (extension == "parquet") return extension;
  const std::string compression = values.text("compression");
  if (compression == "gzip") extension += ".gz";
  if (compression == "zstd") extension += ".zst";
  return extension;
}

Result<std::unique_ptr<EpochWriter>> make_epoch_writer(
    StagingPlace place, const FileOptions& options,
    std::shared_ptr<arrow::Schema> schema) {
  return std::make_unique<FileEpochWriter>(std::move(place), options, std::move(schema));
}

}  // namespace velo::file
