#pragma once

/// Reads the files of a source, and the parts of those that are divided.

#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "velo/base/first_failure.h"
#include "velo/fileset/divided_files.h"
#include "velo/fileset/opener.h"
#include "velo/formats/decoded_records.h"
#include "velo/source.h"

namespace velo::fileset {

/// A file opened to learn its columns, for the reader that will want it.
struct OpenedFile {
  std::string path;
  FileVersion version;  ///< before it was opened: a change since is seen later
  std::unique_ptr<formats::Decoder> decoder;
};

/// How the files are decoded, and what comes of it.
struct Decoding {
  /// The columns of all files, from their samples; nullptr where they are given, or each
  /// file says them.
  std::shared_ptr<arrow::Schema> found;
  bool keeps_bad = false;
  std::shared_ptr<arrow::Schema> schema;  ///< of the batches
};

/// One split after the other, in the order in which they were given. Threads:
/// thread-compatible.
class FileReader : public SplitReader {
 public:
  /// The decoder of `first` is nullptr where no file is opened yet.
  FileReader(const Opener& opener, std::shared_ptr<DividedFiles> divided,
             ReadOptions read, Decoding decoding, OpenedFile first)
      : opener_(opener),
        divided_(std::move(divided)),
        read_(std::move(read)),
        decoding_(std::move(decoding)),
        first_(std::move(first)) {}

  Status assign(std::span<const SplitStart> splits) override;
  Result<Event> poll(const PollLimits& limits, std::stop_token stop) override;
  Status acknowledge(const Positions&) override { return Status::OK(); }

  const std::shared_ptr<arrow::Schema>& schema() const { return decoding_.schema; }

 private:
  Result<Event> read_next(const PollLimits& limits, const std::stop_token& stop);
  void pass(int64_t num_left_out);
  Result<Event> beginning() const;
  Batch batch_of(formats::DecodedRecords decoded);
  Result<formats::DecodedRecords> decode(const std::stop_token& stop);
  bool may_have_other_columns(const Result<formats::DecodedRecords>& decoded) const;
  Result<std::optional<SchemaChange>> look_for_columns(const std::stop_token& stop);

  Status open_next(const std::stop_token& stop);
  Status open_again(const std::stop_token& stop);
  Status open_decoder(const std::stop_token& stop);
  Result<formats::Input> input(const std::stop_token& stop) const;
  bool is_opened(const SplitId& split) const;
  Status check_columns(const arrow::Schema& of_file) const;

  std::string path_of(const SplitId& split) const;
  std::string shown_split() const;
  Result<FileVersion> version_of(const SplitId& split) const;
  Result<FilePosition> begin_of(const SplitStart& start) const;
  Status has_changed(const SplitStart& start, const FilePosition& begun,
                     const FileVersion& now) const;
  Result<bool> is_left_as_read(const SplitStart& start) const;
  Status check_beginning(const SplitId& split, const FileVersion& now) const;

  bool sifts() const { return decoding_.keeps_bad || is_sifting_; }

  const Opener opener_;
  const std::shared_ptr<DividedFiles> divided_;
  const ReadOptions read_;
  Decoding decoding_;
  OpenedFile first_;
  std::deque<SplitStart> waiting_;
  std::unique_ptr<formats::Decoder> decoder_;  // of split_
  SplitId split_;
  FilePosition position_;
  int64_t num_to_skip_ = 0;  // records before position_, which come again
  bool is_sifting_ = false;  // bad records among those are stepped over
  bool has_looked_ = false;  // no other columns are in the split
  FirstFailure failure_;
};

}  // namespace velo::fileset
