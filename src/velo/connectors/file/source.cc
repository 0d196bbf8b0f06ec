#include "velo/connectors/file/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <optional>
#include <utility>

#include "velo/base/glob.h"
#include "velo/connectors/file/file_position.h"
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

std::string one_line(const arrow::Schema& schema) {
  std::string text;
  for (const auto& field : schema.fields()) {
    if (!text.empty()) text += ", ";
    text += field->name() + " " + field->type()->ToString();
  }
  return "(" + text + ")";
}

// The same from wherever it is asked, so that a split has one name.
std::string absolute_path(const std::string& path) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  if (error) return path;
  std::string normal = absolute.lexically_normal().string();
  while (normal.ends_with('/') && normal.size() > 1) normal.pop_back();
  return normal;
}

// All files that there are when it is first asked.
class FileDiscovery : public SplitDiscovery {
 public:
  explicit FileDiscovery(std::vector<std::string> files) : files_(std::move(files)) {}

  Result<NewSplits> poll(std::chrono::milliseconds, std::stop_token) override {
    NewSplits found{.added = {}, .complete = true};
    for (const std::string& file : std::exchange(files_, {})) {
      found.added.push_back(split_of_path(absolute_path(file)));
    }
    return found;
  }

 private:
  std::vector<std::string> files_;
};

// A file opened to learn its columns, for the reader that will want it.
struct OpenedFile {
  std::string path;
  FileVersion version;  ///< before it was opened: a change since is seen later
  std::unique_ptr<formats::Decoder> decoder;
};

class FileReader : public SplitReader {
 public:
  FileReader(FileOptions options, ReadOptions read, OpenedFile first)
      : options_(std::move(options)),
        read_(std::move(read)),
        first_path_(first.path),
        schema_(first.decoder->schema()),
        first_(std::move(first)) {}

  Status assign(std::span<const SplitStart> splits) override {
    for (const SplitStart& split : splits) {
      if (!split.from || !split.from->ended) {
        waiting_.push_back(split);
      } else if (is_there(split)) {
        ARROW_RETURN_NOT_OK(check_version(split).status());
      }
    }
    return Status::OK();
  }

  Result<Event> poll(const PollLimits& limits, std::stop_token stop) override {
    if (!failure_.ok()) return failure_;
    if (limits.max_bytes == 0) return Idle();
    auto event = read_next(stop);
    if (!event.ok()) failure_ = event.status();
    return event;
  }

  Status acknowledge(const Positions&) override { return Status::OK(); }

 private:
  Result<Event> read_next(const std::stop_token& stop) {
    while (true) {
      if (!decoder_) {
        if (waiting_.empty()) return End();
        ARROW_RETURN_NOT_OK(open_next());
      }
      ARROW_ASSIGN_OR_RAISE(auto rows, decoder_->next(stop));
      if (!rows) {
        decoder_.reset();
        return SplitEnded{split_, position_.encode()};
      }
      const auto num_rows = static_cast<uint64_t>(rows->num_rows());
      const uint64_t skipped = std::min(rows_to_skip_, num_rows);
      rows_to_skip_ -= skipped;
      if (skipped == num_rows) continue;
      if (skipped > 0) rows = rows->Slice(static_cast<int64_t>(skipped));
      position_.next_row += num_rows - skipped;
      return Batch{
          .rows = std::move(rows), .split = split_, .position = position_.encode()};
    }
  }

  Status open_next() {
    const SplitStart start = std::move(waiting_.front());
    waiting_.pop_front();
    split_ = start.split;
    ARROW_ASSIGN_OR_RAISE(position_, check_version(start));
    rows_to_skip_ = position_.next_row;
    return open_file(spelled(path_of_split(split_)));
  }

  // A path as messages show it: below this directory where the user wrote it so.
  std::string spelled(const std::string& path) const {
    const bool is_relative = !options_.pattern.starts_with('/');
    return is_relative && path.starts_with(here_) ? path.substr(here_.size()) : path;
  }

  bool is_opened(const SplitId& split) const {
    return first_.decoder && absolute_path(first_.path) == path_of_split(split);
  }

  // The version of what is read, or will be: a change between the two is seen.
  Result<FileVersion> version_of(const SplitId& split) const {
    if (is_opened(split)) return first_.version;
    return FileVersion::of(spelled(path_of_split(split)));
  }

  static bool is_there(const SplitStart& start) {
    std::error_code ignored;
    return std::filesystem::exists(path_of_split(start.split), ignored);
  }

  // Where to begin, after it was seen that the file is still the one that was begun.
  Result<FilePosition> check_version(const SplitStart& start) const {
    const std::string path = spelled(path_of_split(start.split));
    if (!start.from) {
      ARROW_ASSIGN_OR_RAISE(const FileVersion now, version_of(start.split));
      return FilePosition{.next_row = 0, .version = now};
    }
    ARROW_ASSIGN_OR_RAISE(const auto begun, FilePosition::decode(start.from->position));
    if (!is_there(start)) {
      return make_error(ErrorKind::kPositionLost, {.connector = "file", .resource = path},
                        fmt::format("the file is gone since {} rows of it were read. Put "
                                    "it back, or begin anew under another name",
                                    begun.next_row));
    }
    ARROW_ASSIGN_OR_RAISE(const FileVersion now, version_of(start.split));
    if (begun.version == now) return begun;
    return make_error(
        ErrorKind::kPositionLost, {.connector = "file", .resource = path},
        fmt::format(
            "the file has changed since {} rows of it were read: it had {} bytes, "
            "now {}{}. Put the old file back, or begin anew under another name",
            begun.next_row, begun.version.num_bytes, now.num_bytes,
            begun.version.num_bytes == now.num_bytes ? ", and was written to since"
                                                     : ""));
  }

  Status open_file(const std::string& path) {
    if (is_opened(split_)) {
      decoder_ = std::move(first_.decoder);
      return Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(decoder_,
                          open_decoder(path, options_, read_.columns, options_.schema));
    if (decoder_->schema()->Equals(*schema_, /*check_metadata=*/false)) {
      return Status::OK();
    }
    // Inferred otherwise, from a sample of its own; the first file's types may still fit.
    if (options_.schema == nullptr &&
        schema_->field_names() == decoder_->schema()->field_names()) {
      ARROW_ASSIGN_OR_RAISE(auto whole, schema_of_first());
      auto again = open_decoder(path, options_, read_.columns, std::move(whole),
                                /*is_inferred=*/true);
      if (again.ok() && (*again)->schema()->Equals(*schema_, false)) {
        decoder_ = *std::move(again);
        return Status::OK();
      }
    }
    return make_error(
        ErrorKind::kSchemaMismatch, {.connector = "file", .resource = path},
        fmt::format(
            "its columns differ from those of {}: {} against {}; give schema=, or "
            "read the files apart",
            first_path_, one_line(*decoder_->schema()), one_line(*schema_)));
  }

  // Of all columns of the first file, also where only some are read.
  Result<std::shared_ptr<arrow::Schema>> schema_of_first() {
    if (!read_.columns) return schema_;
    if (!whole_schema_) {
      ARROW_ASSIGN_OR_RAISE(const auto decoder,
                            open_decoder(first_path_, options_, std::nullopt, nullptr));
      whole_schema_ = decoder->schema();
    }
    return whole_schema_;
  }

  const FileOptions options_;
  const ReadOptions read_;
  const std::string here_ = absolute_path(".") + "/";
  const std::string first_path_;
  const std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::Schema> whole_schema_;
  OpenedFile first_;
  std::deque<SplitStart> waiting_;
  std::unique_ptr<formats::Decoder> decoder_;  // of split_
  SplitId split_;
  FilePosition position_;
  uint64_t rows_to_skip_ = 0;
  Status failure_;
};

class FileSource : public DataSource, public SplitSource {
 public:
  explicit FileSource(FileOptions options) : options_(std::move(options)) {}

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    ARROW_ASSIGN_OR_RAISE(opened_, open_first({}));
    return opened_->decoder->schema();
  }

  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& read) override {
    ARROW_ASSIGN_OR_RAISE(auto discovery, discover());
    ARROW_ASSIGN_OR_RAISE(OpenedFile first, take_first(read));
    auto schema = first.decoder->schema();
    return read_all_splits(std::move(discovery),
                           std::make_unique<FileReader>(options_, read, std::move(first)),
                           std::move(schema));
  }

  bool supports_streaming() const override { return false; }
  bool supports_batch() const override { return true; }
  SplitSource* splits() override { return this; }

  std::string identity() const override { return options_.identity; }

  Result<std::unique_ptr<SplitDiscovery>> discover() override {
    ARROW_ASSIGN_OR_RAISE(auto files, list_files(options_));
    return std::make_unique<FileDiscovery>(std::move(files));
  }

  Result<std::unique_ptr<SplitReader>> create_split_reader(
      const ReadOptions& read) override {
    ARROW_ASSIGN_OR_RAISE(OpenedFile first, take_first(read));
    return std::make_unique<FileReader>(options_, read, std::move(first));
  }

 private:
  Result<OpenedFile> open_first(const ReadOptions& read) const {
    ARROW_ASSIGN_OR_RAISE(auto files, list_files(options_));
    ARROW_ASSIGN_OR_RAISE(const FileVersion version, FileVersion::of(files.front()));
    ARROW_ASSIGN_OR_RAISE(auto decoder, open_decoder(files.front(), options_,
                                                     read.columns, options_.schema));
    return OpenedFile{files.front(), version, std::move(decoder)};
  }

  // What fetch_schema() has opened, if it is what is wanted: a pipe opens only once.
  Result<OpenedFile> take_first(const ReadOptions& read) {
    if (opened_ && !read.columns) return *std::exchange(opened_, std::nullopt);
    return open_first(read);
  }

  const FileOptions options_;
  std::optional<OpenedFile> opened_;
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
