#include "velo/connectors/file/source.h"

#include <fmt/format.h>

#include <utility>

#include "velo/base/glob.h"
#include "velo/connectors/file/listing.h"
#include "velo/connectors/file/pipe_source.h"
#include "velo/storage/compression.h"
#include "velo/storage/local_file.h"

namespace velo::file {
namespace {

Result<std::unique_ptr<formats::Decoder>> open_decoder(
    const std::string& path, const FileOptions& options,
    std::optional<std::vector<std::string>> columns,
    std::shared_ptr<arrow::Schema> schema, bool is_inferred = false) {
  ARROW_ASSIGN_OR_RAISE(const FileEncoding encoding, encoding_of(path, options.values));
  ARROW_ASSIGN_OR_RAISE(auto file, storage::open_local_file(path));
  formats::Input input{.name = path, .stream = file, .file = file};
  if (encoding.compression != arrow::Compression::UNCOMPRESSED) {
    ARROW_ASSIGN_OR_RAISE(input.stream,
                          storage::decompress(file, encoding.compression, path));
    input.file = nullptr;
  }
  return encoding.format->make_decoder(std::move(input), options.values,
                                       {.schema = std::move(schema),
                                        .is_inferred = is_inferred,
                                        .columns = std::move(columns)});
}

class FileReader : public DataReader {
 public:
  FileReader(FileOptions options, std::vector<std::string> files, ReadOptions read)
      : options_(std::move(options)), files_(std::move(files)), read_(std::move(read)) {}

  Status open() {
    ARROW_RETURN_NOT_OK(open_next_file());
    schema_ = decoder_->schema();
    return Status::OK();
  }

  Result<std::optional<Batch>> read(std::stop_token stop) override {
    if (!failure_.ok()) return failure_;
    auto batch = read_next(stop);
    if (!batch.ok()) failure_ = batch.status();
    return batch;
  }

 private:
  Result<std::optional<Batch>> read_next(const std::stop_token& stop) {
    while (decoder_) {
      ARROW_ASSIGN_OR_RAISE(auto rows, decoder_->next(stop));
      if (rows) {
        has_read_ = true;
        return Batch{std::move(rows)};
      }
      decoder_.reset();
      if (next_file_ < files_.size()) ARROW_RETURN_NOT_OK(open_next_file());
    }
    if (std::exchange(has_read_, true)) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(auto empty, arrow::RecordBatch::MakeEmpty(schema_));
    return Batch{std::move(empty)};
  }

  Status open_next_file() {
    const std::string& path = files_[next_file_++];
    ARROW_ASSIGN_OR_RAISE(decoder_,
                          open_decoder(path, options_, read_.columns, options_.schema));
    if (!schema_ || decoder_->schema()->Equals(*schema_, /*check_metadata=*/false)) {
      return Status::OK();
    }
    // Inferred otherwise, from a sample of its own; the first file's types may still fit.
    if (options_.schema == nullptr && same_names(*schema_, *decoder_->schema()) &&
        !read_.columns) {
      auto again =
          open_decoder(path, options_, std::nullopt, schema_, /*is_inferred=*/true);
      if (again.ok()) {
        decoder_ = *std::move(again);
        if (decoder_->schema()->Equals(*schema_, false)) return Status::OK();
      }
    }
    return make_error(
        ErrorKind::kSchemaMismatch, {.connector = "file", .resource = path},
        fmt::format(
            "its columns differ from those of {}: {} against {}; give schema=, or "
            "read the files apart",
            files_.front(), one_line(*decoder_->schema()), one_line(*schema_)));
  }

  static bool same_names(const arrow::Schema& left, const arrow::Schema& right) {
    return left.field_names() == right.field_names();
  }

  static std::string one_line(const arrow::Schema& schema) {
    std::string text;
    for (const auto& field : schema.fields()) {
      if (!text.empty()) text += ", ";
      text += field->name() + " " + field->type()->ToString();
    }
    return "(" + text + ")";
  }

  const FileOptions options_;
  const std::vector<std::string> files_;
  const ReadOptions read_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<formats::Decoder> decoder_;
  size_t next_file_ = 0;
  bool has_read_ = false;
  Status failure_;
};

class FileSource : public DataSource {
 public:
  explicit FileSource(FileOptions options) : options_(std::move(options)) {}

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    ARROW_ASSIGN_OR_RAISE(auto files, list_files(options_));
    ARROW_ASSIGN_OR_RAISE(auto decoder, open_decoder(files.front(), options_,
                                                     std::nullopt, options_.schema));
    return decoder->schema();
  }

  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& read) override {
    ARROW_ASSIGN_OR_RAISE(auto files, list_files(options_));
    auto reader = std::make_unique<FileReader>(options_, std::move(files), read);
    ARROW_RETURN_NOT_OK(reader->open());
    return reader;
  }

  bool supports_streaming() const override { return false; }
  bool supports_batch() const override { return true; }

 private:
  const FileOptions options_;
};

}  // namespace

std::unique_ptr<DataSource> make_file_source(FileOptions options) {
  std::string path = literal_path(options.pattern);
  if (storage::is_pipe(path)) {
    return make_pipe_source(std::move(path), std::move(options));
  }
  return std::make_unique<FileSource>(std::move(options));
}

}  // namespace velo::file
