#include "velo/fileset/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "velo/base/first_failure.h"
#include "velo/fileset/encoding.h"
#include "velo/formats/decoded_records.h"
#include "velo/storage/compression.h"

namespace velo::fileset {
namespace {

std::string one_line(const arrow::Schema& schema) {
  std::string text;
  for (const auto& field : schema.fields()) {
    if (!text.empty()) text += ", ";
    text += field->name() + " " + field->type()->ToString();
  }
  return "(" + text + ")";
}

// All files that there are when it is first asked.
class FileDiscovery : public SplitDiscovery {
 public:
  FileDiscovery(const FileStore& store, const std::vector<std::string>& files) {
    for (const std::string& file : files) splits_.push_back(store.split_of(file));
  }

  Result<NewSplits> poll(std::chrono::milliseconds, std::stop_token) override {
    return NewSplits{.added = std::exchange(splits_, {}), .complete = true};
  }

 private:
  std::vector<SplitId> splits_;
};

// A file opened to learn its columns, for the reader that will want it.
struct OpenedFile {
  std::string path;
  FileVersion version;  ///< before it was opened: a change since is seen later
  std::unique_ptr<formats::Decoder> decoder;
};

// Opens the files of one source.
class Opener {
 public:
  Opener(FilesetOptions options, std::shared_ptr<FileStore> store)
      : options_(std::move(options)), store_(std::move(store)) {}

  const FilesetOptions& options() const { return options_; }
  FileStore& store() const { return *store_; }

  Result<std::unique_ptr<formats::Decoder>> open(const std::string& path,
                                                 const FileVersion& version,
                                                 const std::stop_token& stop,
                                                 formats::DecodeOptions decode) const {
    const std::string shown = store_->shown(path);
    ARROW_ASSIGN_OR_RAISE(const FileEncoding encoding,
                          encoding_of(shown, options_.values));
    ARROW_ASSIGN_OR_RAISE(auto file, store_->open(path, version, stop));
    formats::Input input{.name = shown, .stream = file, .file = file};
    if (encoding.compression != arrow::Compression::UNCOMPRESSED) {
      ARROW_ASSIGN_OR_RAISE(input.stream,
                            storage::decompress(file, encoding.compression, shown));
      input.file = nullptr;
    }
    return encoding.format->make_decoder(std::move(input), options_.values,
                                         std::move(decode));
  }

  ErrorContext context(const std::string& path) const {
    return {.connector = options_.connector, .resource = store_->shown(path)};
  }

 private:
  const FilesetOptions options_;
  const std::shared_ptr<FileStore> store_;
};

class FileReader : public SplitReader {
 public:
  FileReader(const Opener& opener, ReadOptions read, bool keeps_bad, OpenedFile first)
      : opener_(opener),
        read_(std::move(read)),
        keeps_bad_(keeps_bad),
        first_path_(first.path),
        first_version_(first.version),
        schema_(first.decoder->schema()),
        first_(std::move(first)) {}

  Status assign(std::span<const SplitStart> splits) override {
    for (const SplitStart& split : splits) {
      if (!split.from || !split.from->ended) {
        waiting_.push_back(split);
      } else {
        ARROW_ASSIGN_OR_RAISE(const FilePosition at, begin_of(split));
        if (at.encode() != split.from->position) waiting_.push_back(split);
      }
    }
    return Status::OK();
  }

  Result<Event> poll(const PollLimits& limits, std::stop_token stop) override {
    return failure_.unless_failed([&] { return read_next(limits, stop); });
  }

  Status acknowledge(const Positions&) override { return Status::OK(); }

 private:
  Result<Event> read_next(const PollLimits& limits, const std::stop_token& stop) {
    if (limits.max_bytes == 0) return Idle();
    while (true) {
      if (!decoder_) {
        if (waiting_.empty()) return End();
        ARROW_RETURN_NOT_OK(open_next(stop));
      }
      ARROW_ASSIGN_OR_RAISE(auto decoded, decode(stop));
      if (!decoded.rows) {
        decoder_.reset();
        return SplitEnded{split_, position_.encode()};
      }
      const int64_t skipped = std::min(num_to_skip_, decoded.num_records());
      num_to_skip_ -= skipped;
      if (skipped > 0) decoded.drop_first(skipped);
      if (decoded.num_records() == 0) continue;
      if (!keeps_bad_ && !decoded.bad.empty()) return decoded.bad.front().record.error;
      return batch_of(std::move(decoded));
    }
  }

  Batch batch_of(formats::DecodedRecords decoded) {
    const auto num_records = static_cast<uint64_t>(decoded.num_records());
    auto bad = decoded.take_bad([&](const auto&, int64_t number) {
      FilePosition after = position_;
      after.next_record += static_cast<uint64_t>(number);
      return after.encode();
    });
    position_.next_record += num_records;
    return {.rows = std::move(decoded.rows),
            .split = split_,
            .position = position_.encode(),
            .bad = std::move(bad)};
  }

  // An earlier run may have left out, among the records to be skipped, what this one
  // would fail with.
  Result<formats::DecodedRecords> decode(const std::stop_token& stop) {
    auto decoded = formats::decode_next(*decoder_, stop);
    if (decoded.ok() || num_to_skip_ == 0 || sifts() ||
        !formats::is_fault_of_record(decoded.status())) {
      return decoded;
    }
    is_sifting_ = true;
    ARROW_RETURN_NOT_OK(open_file(opener_.store().path_of(split_), stop));
    num_to_skip_ = static_cast<int64_t>(position_.next_record);
    return formats::decode_next(*decoder_, stop);
  }

  Status open_next(const std::stop_token& stop) {
    const SplitStart start = std::move(waiting_.front());
    waiting_.pop_front();
    split_ = start.split;
    ARROW_ASSIGN_OR_RAISE(position_, begin_of(start));
    num_to_skip_ = static_cast<int64_t>(position_.next_record);
    is_sifting_ = false;
    return open_file(opener_.store().path_of(split_), stop);
  }

  bool is_opened(const SplitId& split) const {
    return first_.decoder && opener_.store().split_of(first_.path) == split;
  }

  // The version of what is read, or will be: a change between the two is seen.
  Result<FileVersion> version_of(const SplitId& split) const {
    if (is_opened(split)) return first_.version;
    return opener_.store().version_of(opener_.store().path_of(split));
  }

  // Where to begin: where the earlier run got to, if the file is still the one that it
  // read. One that was read to its end may go.
  Result<FilePosition> begin_of(const SplitStart& start) const {
    const ErrorContext context = opener_.context(opener_.store().path_of(start.split));
    const auto now = version_of(start.split);
    if (!start.from) {
      ARROW_RETURN_NOT_OK(now);
      return FilePosition{.next_record = 0, .version = *now};
    }
    ARROW_ASSIGN_OR_RAISE(const auto begun, FilePosition::decode(start.from->position));
    if (!now.ok() && kind_of(now.status()) == ErrorKind::kNotFound) {
      if (start.from->ended) return begun;
      return make_error(ErrorKind::kPositionLost, context,
                        fmt::format("the file is gone since {} rows of it were read. Put "
                                    "it back, or begin anew under another name",
                                    begun.next_record));
    }
    ARROW_RETURN_NOT_OK(now);
    if (begun.version == *now) return begun;
    if (read_.on_changed == OnChanged::kIgnore && start.from->ended) return begun;
    if (read_.on_changed == OnChanged::kReread) {
      return FilePosition{.next_record = 0,
                          .version = *now,
                          .num_rereads = static_cast<uint16_t>(begun.num_rereads + 1)};
    }
    return make_error(
        ErrorKind::kPositionLost, context,
        fmt::format(
            "the file has changed since {} rows of it were read: it had {} bytes, "
            "now {}{}. Put the old file back; or on_changed = reread reads it from its "
            "beginning, and its rows come again{}",
            begun.next_record, begun.version.num_bytes, now->num_bytes,
            begun.version.num_bytes == now->num_bytes ? ", and was written to since" : "",
            start.from->ended ? ", on_changed = ignore leaves it as it was read" : ""));
  }

  Status open_file(const std::string& path, const std::stop_token& stop) {
    if (is_opened(split_)) {
      decoder_ = std::move(first_.decoder);
      return Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(decoder_, opener_.open(path, position_.version, stop,
                                                 {.schema = opener_.options().schema,
                                                  .columns = read_.columns,
                                                  .keep_bad_records = sifts()}));
    if (decoder_->schema()->Equals(*schema_, /*check_metadata=*/false)) {
      return Status::OK();
    }
    // Inferred otherwise, from a sample of its own; the first file's types may still fit.
    if (opener_.options().schema == nullptr &&
        schema_->field_names() == decoder_->schema()->field_names()) {
      ARROW_ASSIGN_OR_RAISE(auto whole, schema_of_first(stop));
      auto again = opener_.open(path, position_.version, stop,
                                {.schema = std::move(whole),
                                 .is_inferred = true,
                                 .columns = read_.columns,
                                 .keep_bad_records = sifts()});
      if (again.ok() && (*again)->schema()->Equals(*schema_, false)) {
        decoder_ = *std::move(again);
        return Status::OK();
      }
    }
    return make_error(
        ErrorKind::kSchemaMismatch, opener_.context(path),
        fmt::format(
            "its columns differ from those of {}: {} against {}; give schema=, or "
            "read the files apart",
            opener_.store().shown(first_path_), one_line(*decoder_->schema()),
            one_line(*schema_)));
  }

  bool sifts() const { return keeps_bad_ || is_sifting_; }

  // Of all columns of the first file, also where only some are read.
  Result<std::shared_ptr<arrow::Schema>> schema_of_first(const std::stop_token& stop) {
    if (!read_.columns) return schema_;
    if (!whole_schema_) {
      ARROW_ASSIGN_OR_RAISE(
          const auto decoder,
          opener_.open(first_path_, first_version_, stop, {.keep_bad_records = sifts()}));
      whole_schema_ = decoder->schema();
    }
    return whole_schema_;
  }

  const Opener opener_;
  const ReadOptions read_;
  const bool keeps_bad_;
  const std::string first_path_;
  const FileVersion first_version_;
  const std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::Schema> whole_schema_;
  OpenedFile first_;
  std::deque<SplitStart> waiting_;
  std::unique_ptr<formats::Decoder> decoder_;  // of split_
  SplitId split_;
  FilePosition position_;
  int64_t num_to_skip_ = 0;  // records before position_, which come again
  bool is_sifting_ = false;  // bad records among those are stepped over
  FirstFailure failure_;
};

class FileSource : public DataSource, public SplitSource {
 public:
  FileSource(FilesetOptions options, std::shared_ptr<FileStore> store)
      : opener_(std::move(options), std::move(store)) {}

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    ARROW_ASSIGN_OR_RAISE(opened_, open_first({}));
    return opened_->decoder->schema();
  }

  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& read) override {
    ARROW_ASSIGN_OR_RAISE(auto discovery, discover());
    ARROW_ASSIGN_OR_RAISE(OpenedFile first, take_first(read));
    auto schema = first.decoder->schema();
    return read_all_splits(
        std::move(discovery),
        std::make_unique<FileReader>(opener_, read, keeps_bad_, std::move(first)),
        std::move(schema));
  }

  void keep_bad_records() override { keeps_bad_ = true; }

  bool supports_streaming() const override { return false; }
  bool supports_batch() const override { return true; }
  SplitSource* splits() override { return this; }

  void check(CheckReport& report, std::stop_token stop) override {
    std::vector<std::string> files;
    const auto list = [&]() -> Result<std::string> {
      ARROW_ASSIGN_OR_RAISE(files, opener_.store().list());
      return files.size() == 1 ? opener_.store().shown(files.front())
                               : fmt::format("{} files", files.size());
    };
    if (!report.tried("find files", list()).ok()) return;
    const auto read = [&]() -> Result<std::string> {
      ARROW_ASSIGN_OR_RAISE(const FileVersion version,
                            opener_.store().version_of(files.front()));
      ARROW_ASSIGN_OR_RAISE(const auto file,
                            opener_.store().open(files.front(), version, stop));
      ARROW_RETURN_NOT_OK(file->Read(1).status());
      return fmt::format("{} bytes", version.num_bytes);
    };
    const std::string first = opener_.store().shown(files.front());
    if (!report.tried("read " + first, read()).ok()) return;
    DataSource::check(report, std::move(stop));
  }

  std::string identity() const override { return opener_.options().identity; }

  Result<std::unique_ptr<SplitDiscovery>> discover() override {
    ARROW_ASSIGN_OR_RAISE(const auto files, opener_.store().list());
    return std::make_unique<FileDiscovery>(opener_.store(), files);
  }

  Result<std::unique_ptr<SplitReader>> create_split_reader(
      const ReadOptions& read) override {
    ARROW_ASSIGN_OR_RAISE(OpenedFile first, take_first(read));
    return std::make_unique<FileReader>(opener_, read, keeps_bad_, std::move(first));
  }

 private:
  Result<OpenedFile> open_first(const ReadOptions& read) const {
    ARROW_ASSIGN_OR_RAISE(const auto files, opener_.store().list());
    const std::string& path = files.front();
    ARROW_ASSIGN_OR_RAISE(const FileVersion version, opener_.store().version_of(path));
    ARROW_ASSIGN_OR_RAISE(auto decoder, opener_.open(path, version, {},
                                                     {.schema = opener_.options().schema,
                                                      .columns = read.columns,
                                                      .keep_bad_records = keeps_bad_}));
    return OpenedFile{path, version, std::move(decoder)};
  }

  // What fetch_schema() has opened, if it is what is wanted.
  Result<OpenedFile> take_first(const ReadOptions& read) {
    if (opened_ && !read.columns) return *std::exchange(opened_, std::nullopt);
    return open_first(read);
  }

  const Opener opener_;
  bool keeps_bad_ = false;
  std::optional<OpenedFile> opened_;
};

}  // namespace

std::unique_ptr<DataSource> make_source(FilesetOptions options,
                                        std::shared_ptr<FileStore> store) {
  return std::make_unique<FileSource>(std::move(options), std::move(store));
}

}  // namespace velo::fileset
