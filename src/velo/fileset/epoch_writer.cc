#include "velo/fileset/epoch_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "velo/fileset/encoded_file.h"
#include "velo/fileset/encoding.h"
#include "velo/fileset/partition.h"
#include "velo/storage/manifest.h"

namespace velo::fileset {
namespace {

// Each open file holds a file descriptor.
constexpr size_t kMaxOpenFiles = 64;

class FileEpochWriter : public EpochWriter {
 public:
  FileEpochWriter(std::unique_ptr<StagingArea> area, LaneEpoch place,
                  FilesetOptions options, std::shared_ptr<arrow::Schema> schema)
      : area_(std::move(area)),
        place_(std::move(place)),
        options_(std::move(options)),
        schema_(std::move(schema)),
        extension_(extension_of(options_.values)) {
    area_->limit_memory(options_.writer_bytes / 2);
  }

  // What was not handed over in a token is nobody's.
  ~FileEpochWriter() override {
    for (const auto& [directory, file] : open_) file.output->discard();
    for (const OpenFile& file : finished_) file.output->discard();
  }

  Status write(const Batch& batch, std::stop_token stop) override {
    area_->set_stop(stop);
    if (!batch.rows->schema()->Equals(*schema_, /*check_metadata=*/false)) {
      return make_error(ErrorKind::kSchemaMismatch, {.connector = options_.connector},
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
    return keep_within_memory();
  }

  // What was written stays in files of its own.
  Status change_schema(const std::shared_ptr<arrow::Schema>& schema,
                       std::stop_token stop) override {
    area_->set_stop(stop);
    while (!open_.empty()) ARROW_RETURN_NOT_OK(finish(open_.begin()));
    schema_ = schema;
    return Status::OK();
  }

  Result<CommitToken> prepare(const CommitRecord& record) override {
    while (!open_.empty()) ARROW_RETURN_NOT_OK(finish(open_.begin()));
    if (!finished_.empty()) ARROW_RETURN_NOT_OK(area_->sync());
    std::vector<storage::ManifestFile> entries;
    for (OpenFile& file : finished_) entries.push_back(std::move(file.entry));
    finished_.clear();
    num_files_ = 0;
    place_.epoch = record.epoch + 1;
    return storage::encode_token(entries);
  }

  int64_t bytes_written() const override {
    int64_t num_bytes = bytes_finished_;
    for (const auto& [directory, file] : open_)
      num_bytes += file.encoded->bytes_written();
    return num_bytes;
  }

 private:
  struct OpenFile {
    std::unique_ptr<StagedOutput> output;
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
    OpenFile file;
    const int number = num_files_++;
    file.entry.staged = fmt::format("f{}-e{}-{}-{}.part", place_.fence, place_.epoch,
                                    place_.lane, number);
    file.entry.path = fmt::format("{}part-{}-{:08}-f{}-{}-{:05}.{}", partition.directory,
                                  place_.incarnation, place_.epoch, place_.fence,
                                  place_.lane, number, extension_);
    ARROW_ASSIGN_OR_RAISE(file.output, area_->create(file.entry));
    auto encoded =
        EncodedFile::create(file.entry.path, options_.connector, file.output->bytes(),
                            partition.rows->schema(), options_.values);
    if (!encoded.ok()) {
      file.output->discard();
      return encoded.status();
    }
    file.encoded = *std::move(encoded);
    return &open_.emplace(partition.directory, std::move(file)).first->second;
  }

  // One half is for rows that wait to be encoded, the other for what waits to be sent. A
  // file alone keeps within its half by itself. Rows of many files leave holes behind as
  // large as they are.
  Status keep_within_memory() {
    const auto rows = [](const auto& named) {
      return named.second.encoded->held_bytes();
    };
    const auto parts = [](const auto& named) {
      return named.second.output->held_bytes();
    };
    const int64_t half = options_.writer_bytes / 2;
    while (total(rows) > (open_.size() > 1 ? half / 2 : half)) {
      ARROW_RETURN_NOT_OK(
          std::ranges::max_element(open_, {}, rows)->second.encoded->write_held());
    }
    while (open_.size() > 1 && total(parts) > half) {
      ARROW_RETURN_NOT_OK(finish(std::ranges::max_element(open_, {}, parts)));
    }
    return Status::OK();
  }

  template <typename Held>
  int64_t total(const Held& held) const {
    int64_t num_bytes = 0;
    for (const auto& named : open_) num_bytes += held(named);
    return num_bytes;
  }

  Status finish(OpenFiles::iterator place) {
    OpenFile& file = place->second;
    ARROW_RETURN_NOT_OK(file.encoded->finish());
    file.entry.num_bytes = file.encoded->bytes_written();
    ARROW_RETURN_NOT_OK(file.output->finish(file.entry));
    bytes_finished_ += file.entry.num_bytes;
    file.encoded.reset();
    finished_.push_back(std::move(file));
    open_.erase(place);
    return Status::OK();
  }

  const std::unique_ptr<StagingArea> area_;
  LaneEpoch place_;
  const FilesetOptions options_;
  std::shared_ptr<arrow::Schema> schema_;
  const std::string extension_;
  OpenFiles open_;
  std::vector<OpenFile> finished_;
  int64_t bytes_finished_ = 0;
  int64_t num_uses_ = 0;
  int num_files_ = 0;
};

}  // namespace

Result<std::unique_ptr<EpochWriter>> make_epoch_writer(
    std::unique_ptr<StagingArea> area, LaneEpoch place, const FilesetOptions& options,
    std::shared_ptr<arrow::Schema> schema) {
  return std::make_unique<FileEpochWriter>(std::move(area), std::move(place), options,
                                           std::move(schema));
}

}  // namespace velo::fileset
