#include "velo/connectors/file/directory_writer.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "velo/base/glob.h"
#include "velo/base/system_error.h"
#include "velo/connectors/file/encoded_file.h"
#include "velo/connectors/file/listing.h"
#include "velo/connectors/file/partition.h"

namespace velo::file {
namespace {

namespace fs = std::filesystem;

// Each open file holds a row group in memory and a file descriptor.
constexpr size_t kMaxOpenFiles = 64;

std::string extension_of(const OptionValues& values) {
  std::string extension = values.text("format");
  if (extension == "parquet") return extension;
  const std::string compression = values.text("compression");
  if (compression == "gzip") extension += ".gz";
  if (compression == "zstd") extension += ".zst";
  return extension;
}

class DirectoryWriter : public DataWriter {
 public:
  DirectoryWriter(std::string directory, FileOptions options)
      : directory_(std::move(directory)), options_(std::move(options)) {
    if (!directory_.ends_with('/')) directory_ += '/';
    std::random_device random;
    run_ = fmt::format("{:08x}{:08x}", random(), random());
  }

  ~DirectoryWriter() override { abort(); }

  Status open() {
    if (options_.values.text("format").empty()) {
      return make_error(ErrorKind::kInvalidArgument, {.resource = directory_},
                        "a directory's name does not tell the format of its files; add "
                        "?format= and csv, json or parquet");
    }
    ARROW_RETURN_NOT_OK(
        encoding_of("part." + extension_of(options_.values), options_.values).status());
    ARROW_RETURN_NOT_OK(make_directory(directory_));
    ARROW_ASSIGN_OR_RAISE(files_before_, files_of_this_format());
    if (options_.mode == FileOptions::Mode::kError && !files_before_.empty()) {
      return make_error(ErrorKind::kAlreadyExists, {.resource = files_before_.front()},
                        "the directory holds files already, and mode=error");
    }
    return Status::OK();
  }

  Status write(const Batch& batch, std::stop_token) override {
    if (!schema_) schema_ = batch.rows->schema();
    if (!batch.rows->schema()->Equals(*schema_, /*check_metadata=*/false)) {
      return make_error(ErrorKind::kSchemaMismatch, {.resource = directory_},
                        "a batch came with other columns than the first");
    }
    ARROW_ASSIGN_OR_RAISE(auto partitions,
                          split_by_partition(batch.rows, options_.partition_by));
    for (const PartitionRows& partition : partitions) {
      if (partition.rows->num_rows() == 0) continue;
      ARROW_ASSIGN_OR_RAISE(EncodedFile * file, file_for(partition));
      ARROW_RETURN_NOT_OK(file->write(*partition.rows));
    }
    return Status::OK();
  }

  Status finish() override {
    if (finished_) return outcome_;
    outcome_ = publish_all();
    if (!outcome_.ok()) abort();
    finished_ = true;
    return outcome_;
  }

  void abort() noexcept override {
    open_files_.clear();
    if (!finished_) finished_files_.clear();
    finished_ = true;
    // Deepest first; one that is not empty any more stays.
    for (auto path = made_directories_.rbegin(); path != made_directories_.rend();
         ++path) {
      std::error_code ignored;
      fs::remove(*path, ignored);
    }
    made_directories_.clear();
  }

  int64_t bytes_written() const override {
    int64_t total = 0;
    for (const auto& [directory, file] : open_files_) total += file->bytes_written();
    for (const auto& file : finished_files_) total += file->bytes_written();
    return total;
  }

 private:
  Status publish_all() {
    for (auto& [directory, file] : open_files_) {
      ARROW_RETURN_NOT_OK(file->finish());
      finished_files_.push_back(std::move(file));
    }
    open_files_.clear();
    for (const auto& file : finished_files_) ARROW_RETURN_NOT_OK(file->publish());
    made_directories_.clear();
    if (options_.mode != FileOptions::Mode::kOverwrite) return Status::OK();
    for (const std::string& path : files_before_) {
      std::error_code error;
      fs::remove(path, error);
      if (error) return errno_error(error.value(), "remove it for mode=overwrite", path);
    }
    return Status::OK();
  }

  Result<std::vector<std::string>> files_of_this_format() const {
    FileOptions listing = options_;
    listing.pattern = escape_glob(directory_);
    listing.recursive = true;
    // Whatever the options say, a file's own name tells what it is here.
    ARROW_ASSIGN_OR_RAISE(listing.values, OptionValues::parse(Uri{.scheme = "file"},
                                                              FileOptions::descriptors(),
                                                              OptionUse::kSink));
    auto files = list_files(listing);
    if (!files.ok() && kind_of(files.status()) == ErrorKind::kNotFound) {
      return std::vector<std::string>();
    }
    ARROW_RETURN_NOT_OK(files.status());
    const std::string format = options_.values.text("format");
    std::erase_if(*files, [&](const std::string& path) {
      return encoding_of(path, listing.values)->format->name != format;
    });
    return files;
  }

  Result<EncodedFile*> file_for(const PartitionRows& partition) {
    const auto found = open_files_.find(partition.directory);
    if (found != open_files_.end()) return found->second.get();
    if (open_files_.size() >= kMaxOpenFiles) {
      const auto oldest = open_files_.begin();
      ARROW_RETURN_NOT_OK(oldest->second->finish());
      finished_files_.push_back(std::move(oldest->second));
      open_files_.erase(oldest);
    }
    const std::string directory = directory_ + partition.directory;
    ARROW_RETURN_NOT_OK(make_directory(directory));
    const std::string path = fmt::format("{}part-{}-{:05}.{}", directory, run_,
                                         num_files_++, extension_of(options_.values));
    ARROW_ASSIGN_OR_RAISE(
        auto file, EncodedFile::create(path, partition.rows->schema(), options_.values));
    return open_files_.emplace(partition.directory, std::move(file)).first->second.get();
  }

  // Makes a directory and those above it, remembering which were new.
  Status make_directory(const std::string& path) {
    std::string missing = path;
    while (missing.ends_with('/') && missing.size() > 1) missing.pop_back();
    std::vector<std::string> to_make;
    std::error_code error;
    for (fs::path level = missing; !level.empty() && !fs::exists(level, error);
         level = level.parent_path()) {
      to_make.push_back(level.string());
    }
    for (auto level = to_make.rbegin(); level != to_make.rend(); ++level) {
      fs::create_directory(*level, error);
      if (error) return errno_error(error.value(), "make the directory", *level);
      made_directories_.push_back(*level);
    }
    if (!fs::is_directory(missing, error)) {
      return errno_error(ENOTDIR, "write into it", missing);
    }
    return Status::OK();
  }

  std::string directory_;  // with a slash at its end
  const FileOptions options_;
  std::string run_;
  int num_files_ = 0;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::string> files_before_;
  std::map<std::string, std::unique_ptr<EncodedFile>> open_files_;  // by partition
  std::vector<std::unique_ptr<EncodedFile>> finished_files_;
  std::vector<std::string> made_directories_;
  bool finished_ = false;
  Status outcome_;  // of finish(), for those who call it again
};

}  // namespace

Result<std::unique_ptr<DataWriter>> make_directory_writer(const std::string& directory,
                                                          const FileOptions& options) {
  auto writer = std::make_unique<DirectoryWriter>(directory, options);
  ARROW_RETURN_NOT_OK(writer->open());
  return writer;
}

}  // namespace velo::file
