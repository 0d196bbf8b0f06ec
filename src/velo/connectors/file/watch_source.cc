#include "velo/connectors/file/watch_source.h"

#include <arrow/io/memory.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "velo/base/clock.h"
#include "velo/base/first_failure.h"
#include "velo/connectors/file/listing.h"
#include "velo/connectors/file/watched_file.h"
#include "velo/fileset/encoding.h"
#include "velo/fileset/file_position.h"
#include "velo/formats/decoded_records.h"
#include "velo/formats/projection.h"
#include "velo/formats/seen_columns.h"
#include "velo/storage/text_encoding.h"

namespace velo::file {
namespace {

using std::chrono::milliseconds;

// About so much is decoded at a time.
constexpr int64_t kReadBytes = int64_t{4} << 20;
constexpr int64_t kSampleBytes = int64_t{1} << 20;
// How often files are looked at that had nothing new.
constexpr milliseconds kLookEvery{100};
constexpr char kFormat[] = "json";

Status check_stop(const std::stop_token& stop, const FileOptions& options) {
  if (!stop.stop_requested()) return Status::OK();
  return make_error(ErrorKind::kCancelled,
                    {.connector = "file", .resource = options.pattern}, "stopped");
}

Result<const formats::Format*> format_of(const std::string& path,
                                         const FileOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const auto encoding, fileset::encoding_of(path, options.values));
  if (encoding.format->name == kFormat &&
      encoding.compression == storage::Compression::UNCOMPRESSED &&
      storage::is_utf8(options.values.text("encoding"))) {
    return encoding.format;
  }
  return make_error(
      ErrorKind::kNotImplemented, {.connector = "file", .resource = path},
      "watch=true reads JSON lines in UTF-8 that are not compressed, as yet");
}

Result<LineLimit> limit_of(const FileOptions& options, bool keeps_bad) {
  ARROW_ASSIGN_OR_RAISE(const int64_t max_bytes,
                        formats::max_record_bytes_of(options.values));
  return LineLimit{.max_bytes = max_bytes, .passes_larger = keeps_bad};
}

// Where the files are that were seen, shared by who finds and who reads them, on threads
// of their own.
class SeenFiles {
 public:
  // False where the file was seen before, wherever it was.
  bool add(const SplitId& split, const std::string& path) {
    const std::lock_guard lock(mutex_);
    return paths_.insert_or_assign(split, path).second;
  }
  std::optional<std::string> path_of(const SplitId& split) const {
    const std::lock_guard lock(mutex_);
    const auto found = paths_.find(split);
    return found == paths_.end() ? std::nullopt : std::optional(found->second);
  }
  // Look for it again: it has moved.
  void forget(const SplitId& split) {
    const std::lock_guard lock(mutex_);
    paths_.erase(split);
  }

 private:
  mutable std::mutex mutex_;
  std::map<SplitId, std::string> paths_;
};

class WatchDiscovery : public SplitDiscovery {
 public:
  WatchDiscovery(FileOptions options, bool once, std::shared_ptr<SeenFiles> seen)
      : options_(std::move(options)), once_(once), seen_(std::move(seen)) {}

  Result<NewSplits> poll(milliseconds max_wait, std::stop_token stop) override {
    NewSplits found{.complete = once_, .splits_may_go = true};
    ARROW_RETURN_NOT_OK(check_stop(stop, options_));
    ARROW_RETURN_NOT_OK(look(found));
    if (once_ || !found.added.empty() || max_wait.count() == 0) return found;
    steady_clock().wait_for(max_wait, stop);
    ARROW_RETURN_NOT_OK(check_stop(stop, options_));
    ARROW_RETURN_NOT_OK(look(found));
    return found;
  }

 private:
  Status look(NewSplits& found) {
    const auto paths = list_files(options_);
    if (!paths.ok() && kind_of(paths.status()) == ErrorKind::kNotFound) {
      return Status::OK();  // not yet
    }
    ARROW_RETURN_NOT_OK(paths);
    for (const std::string& path : *paths) {
      auto split = split_of_watched(path);
      if (!split.ok() && kind_of(split.status()) == ErrorKind::kNotFound) continue;
      ARROW_RETURN_NOT_OK(split);
      if (seen_->add(*split, path)) found.added.push_back(*std::move(split));
    }
    return Status::OK();
  }

  const FileOptions options_;
  const bool once_;
  const std::shared_ptr<SeenFiles> seen_;
};

class WatchReader : public SplitReader {
 public:
  WatchReader(FileOptions options, ReadOptions read, formats::DecodeOptions decode,
              std::shared_ptr<SeenFiles> seen)
      : options_(std::move(options)),
        read_(std::move(read)),
        decode_(std::move(decode)),
        seen_(std::move(seen)) {}

  Status assign(std::span<const SplitStart> splits) override {
    for (const SplitStart& start : splits) {
      if (const auto path = seen_->path_of(start.split)) {
        ARROW_RETURN_NOT_OK(open(start, *path));
      } else {
        missing_.push_back(start);
      }
    }
    return Status::OK();
  }

  Result<Event> poll(const PollLimits& limits, std::stop_token stop) override {
    return failure_.unless_failed([&] { return read_next(limits, stop); });
  }

  Status acknowledge(const Positions&) override { return Status::OK(); }

  // What waits was written after nothing did.
  Lag lag() override {
    const auto now = steady_clock().now();
    uint64_t num_unread = 0;
    for (const WatchedFile& file : files_) {
      const auto unread = file.num_unread();
      if (!unread.ok()) return {};
      num_unread += *unread;
    }
    if (num_unread == 0) nothing_waited_at_ = now;
    Lag lag{.num_rows = {}, .num_bytes = static_cast<int64_t>(num_unread), .age = {}};
    if (nothing_waited_at_) {
      lag.age = std::chrono::ceil<milliseconds>(now - *nothing_waited_at_);
    }
    return lag;
  }

 private:
  Status open(const SplitStart& start, const std::string& path) {
    std::optional<WatchedPosition> from;
    if (start.from) {
      ARROW_ASSIGN_OR_RAISE(from, WatchedPosition::decode(start.from->position));
    }
    ARROW_ASSIGN_OR_RAISE(auto file, WatchedFile::open(start.split, path, from));
    if (!file) {
      seen_->forget(start.split);
      return Status::OK();
    }
    if (read_.once) ARROW_RETURN_NOT_OK(file->end_here());
    ARROW_ASSIGN_OR_RAISE(const LineLimit limit,
                          limit_of(options_, decode_.keep_bad_records));
    file->set_limit(limit);
    files_.push_back(*std::move(file));
    return Status::OK();
  }

  // Those that were renamed while nobody looked are somewhere here, or are gone.
  Status find_missing(const std::stop_token& stop) {
    std::map<SplitId, std::string> found;
    std::set<SplitId> wanted;
    for (const SplitStart& start : missing_) wanted.insert(start.split);
    ARROW_RETURN_NOT_OK(visit_all_files(options_, [&](const std::string& path) {
      const auto split = split_of_watched(path);
      if (split.ok() && wanted.erase(*split) > 0) found[*split] = path;
      return !wanted.empty() && !stop.stop_requested();
    }));
    ARROW_RETURN_NOT_OK(check_stop(stop, options_));
    for (const SplitStart& start : std::exchange(missing_, {})) {
      const auto path = found.find(start.split);
      if (path == found.end()) {
        gone_.push_back({start.split, start.from->position});
        continue;
      }
      seen_->add(start.split, path->second);
      moved_.insert(start.split);
      ARROW_RETURN_NOT_OK(open(start, path->second));
    }
    return Status::OK();
  }

  Result<Event> read_next(const PollLimits& limits, const std::stop_token& stop) {
    ARROW_RETURN_NOT_OK(check_stop(stop, options_));
    if (limits.max_bytes == 0) return Idle();
    if (!missing_.empty()) ARROW_RETURN_NOT_OK(find_missing(stop));
    if (ready_) return Event(*std::exchange(ready_, std::nullopt));
    if (!gone_.empty()) {
      const SplitEnded ended = std::move(gone_.back());
      gone_.pop_back();
      return ended;
    }
    // Each in turn, so that one that grows fast does not keep the others waiting.
    for (size_t looked_at = 0; looked_at < files_.size();) {
      auto file = files_.begin();
      const bool was_removed = file->is_removed();
      ARROW_ASSIGN_OR_RAISE(const std::string lines, file->read_lines(kReadBytes));
      if (const auto large = file->take_large_line()) {
        ARROW_ASSIGN_OR_RAISE(Batch batch, batch_of(*file, *large));
        files_.splice(files_.end(), files_, file);
        return batch;
      }
      if (lines.empty()) {
        if (was_removed) {
          const SplitEnded ended{file->split(), file->position().encode()};
          seen_->forget(file->split());
          files_.erase(file);
          return ended;
        }
        files_.splice(files_.end(), files_, file);
        ++looked_at;
        continue;
      }
      const auto before = decode_.schema;
      ARROW_ASSIGN_OR_RAISE(Batch batch, decode_and_follow(*file, lines, stop));
      const SplitId split = file->split();
      files_.splice(files_.end(), files_, file);
      if (!batch.rows) continue;
      if (decode_.schema == before) return batch;
      const uint64_t end = file->position().num_bytes;
      SchemaChange change{
          .split = split,
          .schema = batch.rows->schema(),
          .place = fmt::format("{}, byte {}", file->path(), end - lines.size())};
      ready_ = std::move(batch);
      return change;
    }
    if (read_.once) return End();
    steady_clock().wait_for(std::min(limits.max_wait, kLookEvery), stop);
    ARROW_RETURN_NOT_OK(check_stop(stop, options_));
    return Idle();
  }

  // Where lines have columns, or values, that nobody has seen before, decode_ has them
  // since.
  Result<Batch> decode_and_follow(const WatchedFile& file, const std::string& lines,
                                  const std::stop_token& stop) {
    auto batch = decode(file, lines, stop);
    const bool may_be_news = read_.tells_schema_changes && decode_.is_inferred;
    const bool is_at_fault = formats::is_fault_of_record(batch.status()) ||
                             (batch.ok() && batch->bad != nullptr);
    if (!may_be_news || !is_at_fault) return batch;
    ARROW_ASSIGN_OR_RAISE(const formats::Format* format, format_of_watched(file));
    auto now = formats::with_columns_of(*format, input_of(file, lines), options_.values,
                                        decode_.schema);
    if (now == decode_.schema) return batch;
    decode_.schema = std::move(now);
    return decode(file, lines, stop);
  }

  Result<Batch> batch_of(const WatchedFile& file, const LargeLine& line) const {
    ARROW_ASSIGN_OR_RAISE(
        const auto projection,
        formats::project(*decode_.schema, decode_.columns, file.path()));
    ARROW_ASSIGN_OR_RAISE(auto rows, arrow::RecordBatch::MakeEmpty(projection.schema));
    BadRecords bad = {{.error = file.too_large(line.begin),
                       .bytes = line.bytes,
                       .position = WatchedPosition::behind_line_at(line.begin)}};
    return Batch{.rows = std::move(rows),
                 .split = file.split(),
                 .position = file.position().encode(),
                 .bad = std::make_shared<const BadRecords>(std::move(bad))};
  }

  static formats::Input input_of(const WatchedFile& file, const std::string& lines) {
    const uint64_t begin = file.position().num_bytes - lines.size();
    return {.name = begin == 0 ? file.path()
                               : fmt::format("{}, from byte {} on", file.path(), begin),
            .stream = std::make_shared<arrow::io::BufferReader>(
                std::make_shared<arrow::Buffer>(lines)),
            .file = nullptr};
  }

  // One batch of all, since a position stands only behind all of its rows; without rows
  // where the lines are blank.
  Result<Batch> decode(const WatchedFile& file, const std::string& lines,
                       const std::stop_token& stop) const {
    const uint64_t begin = file.position().num_bytes - lines.size();
    ARROW_ASSIGN_OR_RAISE(const formats::Format* format, format_of_watched(file));
    ARROW_ASSIGN_OR_RAISE(
        const auto decoder,
        format->make_decoder(input_of(file, lines), options_.values, decode_));
    Batch batch{.split = file.split(), .position = file.position().encode()};
    arrow::RecordBatchVector batches;
    BadRecords bad;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto decoded, formats::decode_next(*decoder, stop));
      if (!decoded.rows) break;
      for (formats::PlacedBadRecord& one : decoded.bad) {
        one.record.position =
            WatchedPosition::behind_line_at(begin + static_cast<uint64_t>(one.offset));
        bad.push_back(std::move(one.record));
      }
      batches.push_back(std::move(decoded.rows));
    }
    if (!bad.empty()) batch.bad = std::make_shared<const BadRecords>(std::move(bad));
    if (batches.size() == 1) {
      batch.rows = batches.front();
    } else if (!batches.empty()) {
      ARROW_ASSIGN_OR_RAISE(batch.rows, arrow::ConcatenateRecordBatches(batches));
    }
    return batch;
  }

  // The new name of one that was renamed need not tell: "app.json.1".
  Result<const formats::Format*> format_of_watched(const WatchedFile& file) const {
    if (moved_.contains(file.split())) return formats::find_format(kFormat);
    return format_of(file.path(), options_);
  }

  const FileOptions options_;
  const ReadOptions read_;
  formats::DecodeOptions decode_;
  const std::shared_ptr<SeenFiles> seen_;
  std::optional<Batch> ready_;       // behind the change of columns that was told
  std::list<WatchedFile> files_;     // who waits longest first
  std::vector<SplitStart> missing_;  // of an earlier run, to be looked for
  std::set<SplitId> moved_;          // of files_, those with another name than they had
  std::vector<SplitEnded> gone_;     // since an earlier run
  std::optional<Clock::Time> nothing_waited_at_;
  FirstFailure failure_;
};

class WatchSource : public DataSource, public SplitSource {
 public:
  explicit WatchSource(FileOptions options) : options_(std::move(options)) {}

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    if (!schema_) schema_ = options_.schema;
    if (!schema_) {
      ARROW_ASSIGN_OR_RAISE(schema_, infer_schema());
    }
    return schema_;
  }

  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& read) override {
    auto discovery = open_discovery(read.once);
    ARROW_ASSIGN_OR_RAISE(auto reader, create_split_reader(read));
    ARROW_ASSIGN_OR_RAISE(auto schema, schema_of(read));
    return read_all_splits(std::move(discovery), std::move(reader), std::move(schema),
                           read);
  }

  void keep_bad_records() override { keeps_bad_ = true; }

  bool supports_streaming() const override { return true; }
  bool supports_batch() const override { return true; }
  SplitSource* splits() override { return this; }

  std::string identity() const override { return options_.identity; }

  Result<std::unique_ptr<SplitDiscovery>> discover() override {
    return open_discovery(/*once=*/false);
  }

  Result<std::unique_ptr<SplitReader>> create_split_reader(
      const ReadOptions& read) override {
    ARROW_ASSIGN_OR_RAISE(auto schema, fetch_schema());
    ARROW_RETURN_NOT_OK(schema_of(read));
    if (read.on_changed != OnChanged::kFail) {
      return make_error(ErrorKind::kNotImplemented, {.connector = "file"},
                        "on_changed does not work yet with watch=true, where a file that "
                        "has other bytes than were read is an error");
    }
    return std::make_unique<WatchReader>(
        options_, read,
        formats::DecodeOptions{.schema = std::move(schema),
                               .is_inferred = options_.schema == nullptr,
                               .columns = read.columns,
                               .keep_bad_records = keeps_bad_},
        seen_);
  }

 private:
  std::unique_ptr<SplitDiscovery> open_discovery(bool once) {
    seen_ = std::make_shared<SeenFiles>();
    return std::make_unique<WatchDiscovery>(options_, once, seen_);
  }

  Result<std::shared_ptr<arrow::Schema>> schema_of(const ReadOptions& read) {
    ARROW_ASSIGN_OR_RAISE(auto whole, fetch_schema());
    if (!read.columns) return whole;
    arrow::FieldVector fields;
    for (const std::string& name : *read.columns) {
      auto field = whole->GetFieldByName(name);
      if (!field) {
        return make_error(
            ErrorKind::kInvalidArgument,
            {.connector = "file", .resource = options_.pattern},
            fmt::format("there is no column '{}', or there are several", name));
      }
      fields.push_back(std::move(field));
    }
    return arrow::schema(std::move(fields));
  }

  // From the first file that has a line.
  Result<std::shared_ptr<arrow::Schema>> infer_schema() const {
    const auto paths = list_files(options_);
    if (paths.ok()) {
      for (const std::string& path : *paths) {
        ARROW_ASSIGN_OR_RAISE(auto schema, infer_schema_of(path));
        if (schema) return schema;
      }
    } else if (kind_of(paths.status()) != ErrorKind::kNotFound) {
      return paths.status();
    }
    return make_error(
        ErrorKind::kNotFound, {.connector = "file", .resource = options_.pattern},
        "there is no line here yet that could tell the columns; give schema=, or begin "
        "when the first file is there");
  }

  // nullptr where it has no line.
  Result<std::shared_ptr<arrow::Schema>> infer_schema_of(const std::string& path) const {
    ARROW_ASSIGN_OR_RAISE(const formats::Format* format, format_of(path, options_));
    ARROW_ASSIGN_OR_RAISE(const SplitId split, split_of_watched(path));
    ARROW_ASSIGN_OR_RAISE(auto file, WatchedFile::open(split, path, std::nullopt));
    if (!file) return nullptr;
    ARROW_ASSIGN_OR_RAISE(const LineLimit limit, limit_of(options_, keeps_bad_));
    file->set_limit(limit);
    std::string lines;
    do {
      ARROW_ASSIGN_OR_RAISE(lines, file->read_lines(kSampleBytes));
    } while (file->take_large_line());
    if (lines.find_first_not_of(" \t\r\n") == std::string::npos) return nullptr;
    formats::Input input{.name = path,
                         .stream = std::make_shared<arrow::io::BufferReader>(
                             std::make_shared<arrow::Buffer>(lines)),
                         .file = nullptr};
    ARROW_ASSIGN_OR_RAISE(const auto decoder,
                          format->make_decoder(std::move(input), options_.values,
                                               {.keep_bad_records = keeps_bad_}));
    return decoder->schema();
  }

  const FileOptions options_;
  bool keeps_bad_ = false;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<SeenFiles> seen_ = std::make_shared<SeenFiles>();
};

}  // namespace

std::unique_ptr<DataSource> make_watch_source(FileOptions options) {
  return std::make_unique<WatchSource>(std::move(options));
}

std::string describe_position(std::string_view source, const Position& position) {
  const auto uri = parse_uri(source);
  if (!uri.ok()) return {};
  const auto options = FileOptions::from_uri(*uri, OptionUse::kSource);
  if (!options.ok() || !options->watch) {
    return fileset::describe_position(source, position);
  }
  const auto place = WatchedPosition::decode(position);
  return place.ok() ? fmt::format("byte {}", place->num_bytes) : "";
}

}  // namespace velo::file
