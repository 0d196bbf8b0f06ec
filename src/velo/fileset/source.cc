#include "velo/fileset/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "velo/base/cut_source.h"
#include "velo/fileset/divided_files.h"
#include "velo/fileset/file_columns.h"
#include "velo/fileset/file_reader.h"
#include "velo/fileset/opener.h"
#include "velo/formats/projection.h"

namespace velo::fileset {
namespace {

// All files that there are when it is first asked.
class FileDiscovery : public SplitDiscovery {
 public:
  explicit FileDiscovery(std::vector<SplitId> splits) : splits_(std::move(splits)) {}

  Result<NewSplits> poll(std::chrono::milliseconds, std::stop_token) override {
    return NewSplits{.added = std::exchange(splits_, {}), .complete = true};
  }

 private:
  std::vector<SplitId> splits_;
};

class FileSource : public DataSource, public SplitSource, public CutSource {
 public:
  FileSource(FilesetOptions options, std::shared_ptr<FileStore> store)
      : opener_(std::move(options), std::move(store)),
        divided_(std::make_shared<DividedFiles>(opener_)) {}

  void set_stop(std::stop_token stop) override {
    opener_.store().set_stop(std::move(stop));
  }

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

  void go_on_from(const Positions& earlier) override { divided_->go_on_from(earlier); }

  Result<std::unique_ptr<SplitDiscovery>> discover() override {
    ARROW_ASSIGN_OR_RAISE(const auto files, opener_.store().list());
    ARROW_RETURN_NOT_OK(divided_->check_none_is_gone(files));
    std::vector<SplitId> all;
    for (const std::string& file : files) {
      ARROW_ASSIGN_OR_RAISE(auto splits, divided_->splits_of(file));
      std::ranges::move(splits, std::back_inserter(all));
    }
    return std::make_unique<FileDiscovery>(std::move(all));
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
    if (found_ && !opened_) {
      ARROW_ASSIGN_OR_RAISE(auto projection, formats::project(*found_, read.columns,
                                                              opener_.options().pattern));
      decoding.schema = std::move(projection.schema);
    } else {
      ARROW_ASSIGN_OR_RAISE(first, take_first(read));
      decoding.schema = first.decoder->schema();
    }
    return std::make_unique<FileReader>(opener_, divided_, read, std::move(decoding),
                                        std::move(first));
  }

  // One file's columns are found by who decodes it, as are those of `schema=`.
  Status look_at_files() {
    ARROW_ASSIGN_OR_RAISE(const auto files, opener_.store().list());
    if (files.size() == 1 || opener_.options().schema) {
      ARROW_ASSIGN_OR_RAISE(opened_, open_file(files.front(), {}));
      ARROW_RETURN_NOT_OK(keep_what_was_found(files.front()));
    } else {
      ARROW_ASSIGN_OR_RAISE(found_, unite_columns(opener_, files, keeps_bad_));
    }
    return Status::OK();
  }

  // What is found in a file's beginning holds for its other parts, and until other
  // columns are looked for.
  Status keep_what_was_found(const std::string& file) {
    if (opener_.options().schema) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const FileEncoding encoding, opener_.encoding_of(file));
    ARROW_ASSIGN_OR_RAISE(const auto splits, divided_->splits_of(file));
    const bool is_divided = parse_file_split(splits.front()).part.has_value();
    if (!is_divided && !encoding.format->can_infer_from_all) return Status::OK();
    found_ = opened_->decoder->schema();
    if (is_divided) opened_.reset();
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
  const std::shared_ptr<DividedFiles> divided_;
  bool keeps_bad_ = false;
  // After a look at the files, one of the two at least: the only file, or the first of
  // schema=, until a reader takes it; the columns of all.
  std::optional<OpenedFile> opened_;
  std::shared_ptr<arrow::Schema> found_;
};

}  // namespace

std::unique_ptr<DataSource> make_source(FilesetOptions options,
                                        std::shared_ptr<FileStore> store) {
  return std::make_unique<FileSource>(std::move(options), std::move(store));
}

}  // namespace velo::fileset
