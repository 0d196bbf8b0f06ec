#include "velo/fileset/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "velo/base/first_failure.h"
#include "velo/columnar/columns_by_name.h"
#include "velo/fileset/file_columns.h"
#include "velo/fileset/opener.h"
#include "velo/formats/decoded_records.h"
#include "velo/formats/projection.h"

namespace velo::fileset {
namespace {

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

// How the files are decoded, and what comes of it.
struct Decoding {
  std::shared_ptr<arrow::Schema> found;  ///< the columns of all files, from their samples
  bool keeps_bad = false;
  std::shared_ptr<arrow::Schema> schema;  ///< of the batches
};

class FileReader : public SplitReader {
 public:
  FileReader(const Opener& opener, ReadOptions read, Decoding decoding, OpenedFile first)
      : opener_(opener),
        read_(std::move(read)),
        decoding_(std::move(decoding)),
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

  const std::shared_ptr<arrow::Schema>& schema() const { return decoding_.schema; }

 private:
  Result<Event> read_next(const PollLimits& limits, const std::stop_token& stop) {
    if (limits.max_bytes == 0) return Idle();
    while (true) {
      if (!decoder_) {
        if (waiting_.empty()) return End();
        const bool is_new = !waiting_.front().from;
        ARROW_RETURN_NOT_OK(open_next(stop));
        if (is_new && read_.tells_beginnings) return beginning();
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
      if (!decoding_.keeps_bad && !decoded.bad.empty()) {
        return decoded.bad.front().record.error;
      }
      ARROW_ASSIGN_OR_RAISE(
          decoded.rows, columns_by_name(decoded.rows, decoding_.schema, shown_split()));
      return batch_of(std::move(decoded));
    }
  }

  Result<Event> beginning() const {
    ARROW_ASSIGN_OR_RAISE(auto nothing, arrow::RecordBatch::MakeEmpty(decoding_.schema));
    return Batch{
        .rows = std::move(nothing), .split = split_, .position = position_.encode()};
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
    ARROW_RETURN_NOT_OK(open_decoder(path, stop));
    decoder_->limit_memory(read_.memory_bytes);
    return Status::OK();
  }

  Status open_decoder(const std::string& path, const std::stop_token& stop) {
    if (is_opened(split_)) {
      decoder_ = std::move(first_.decoder);
      return Status::OK();
    }
    const auto& found = decoding_.found;
    ARROW_ASSIGN_OR_RAISE(
        decoder_, opener_.open(path, position_.version, stop,
                               {.schema = found ? found : opener_.options().schema,
                                .is_inferred = found != nullptr,
                                .columns = read_.columns,
                                .keep_bad_records = sifts()}));
    return check_columns(*decoder_->schema());
  }

  // What was not there when the columns of all files were looked at.
  Status check_columns(const arrow::Schema& of_file) const {
    for (const auto& field : of_file.fields()) {
      if (decoding_.schema->GetFieldIndex(field->name()) >= 0) continue;
      if (of_file.Equals(*decoding_.schema, /*check_metadata=*/false)) break;
      return make_error(
          ErrorKind::kSchemaMismatch, {.resource = shown_split()},
          fmt::format("there is a column '{}', which was not there when the columns of "
                      "all files were looked at; run again",
                      field->name()));
    }
    return Status::OK();
  }

  std::string shown_split() const {
    return opener_.store().shown(opener_.store().path_of(split_));
  }

  bool sifts() const { return decoding_.keeps_bad || is_sifting_; }

  const Opener opener_;
  const ReadOptions read_;
  const Decoding decoding_;
  OpenedFile first_;  // its decoder is nullptr where none is opened yet
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
    opened_.reset();
    found_.reset();
    ARROW_RETURN_NOT_OK(look_at_files());
    return found_ ? found_ : opened_->decoder->schema();
  }

  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& read) override {
    ARROW_ASSIGN_OR_RAISE(auto discovery, discover());
    ARROW_ASSIGN_OR_RAISE(auto reader, open_reader(read));
    auto schema = reader->schema();
    return read_all_splits(std::move(discovery), std::move(reader), std::move(schema),
                           read);
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
    return open_reader(read);
  }

 private:
  Result<std::unique_ptr<FileReader>> open_reader(const ReadOptions& read) {
    if (!opened_ && !found_) ARROW_RETURN_NOT_OK(look_at_files());
    Decoding decoding{.found = found_, .keeps_bad = keeps_bad_};
    OpenedFile first;
    if (found_) {
      ARROW_ASSIGN_OR_RAISE(auto projection, formats::project(*found_, read.columns,
                                                              opener_.options().pattern));
      decoding.schema = std::move(projection.schema);
    } else {
      ARROW_ASSIGN_OR_RAISE(first, take_first(read));
      decoding.schema = first.decoder->schema();
    }
    return std::make_unique<FileReader>(opener_, read, std::move(decoding),
                                        std::move(first));
  }

  // One file's columns are found by who decodes it, as are those of `schema=`.
  Status look_at_files() {
    ARROW_ASSIGN_OR_RAISE(const auto files, opener_.store().list());
    if (files.size() == 1 || opener_.options().schema) {
      ARROW_ASSIGN_OR_RAISE(opened_, open_file(files.front(), {}));
    } else {
      ARROW_ASSIGN_OR_RAISE(found_, unite_columns(opener_, files, keeps_bad_));
    }
    return Status::OK();
  }

  Result<OpenedFile> open_file(const std::string& path, const ReadOptions& read) const {
    ARROW_ASSIGN_OR_RAISE(const FileVersion version, opener_.store().version_of(path));
    ARROW_ASSIGN_OR_RAISE(auto decoder, opener_.open(path, version, {},
                                                     {.schema = opener_.options().schema,
                                                      .columns = read.columns,
                                                      .keep_bad_records = keeps_bad_}));
    return OpenedFile{path, version, std::move(decoder)};
  }

  // What was opened to see its columns, if it is what is wanted.
  Result<OpenedFile> take_first(const ReadOptions& read) {
    OpenedFile opened = *std::exchange(opened_, std::nullopt);
    if (!read.columns) return opened;
    return open_file(opened.path, read);
  }

  const Opener opener_;
  bool keeps_bad_ = false;
  // After a look at the files, one of the two: the only file, or the first of schema=,
  // until a reader takes it; the columns of all.
  std::optional<OpenedFile> opened_;
  std::shared_ptr<arrow::Schema> found_;
};

}  // namespace

std::unique_ptr<DataSource> make_source(FilesetOptions options,
                                        std::shared_ptr<FileStore> store) {
  return std::make_unique<FileSource>(std::move(options), std::move(store));
}

}  // namespace velo::fileset
