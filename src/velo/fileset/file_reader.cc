#include "velo/fileset/file_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/columnar/columns_by_name.h"
#include "velo/formats/projection.h"
#include "velo/formats/seen_columns.h"

namespace velo::fileset {

Status FileReader::assign(std::span<const SplitStart> splits) {
  for (const SplitStart& split : splits) {
    ARROW_ASSIGN_OR_RAISE(const bool is_left, is_left_as_read(split));
    if (is_left) continue;
    if (split.from && split.from->ended) {
      ARROW_ASSIGN_OR_RAISE(const FilePosition at, begin_of(split));
      if (at.encode() == split.from->position) continue;
    }
    waiting_.push_back(split);
  }
  return Status::OK();
}

Result<Event> FileReader::poll(const PollLimits& limits, std::stop_token stop) {
  return failure_.unless_failed([&] { return read_next(limits, stop); });
}

Result<Event> FileReader::read_next(const PollLimits& limits,
                                    const std::stop_token& stop) {
  if (limits.max_bytes == 0) return Idle();
  while (true) {
    if (!decoder_) {
      if (waiting_.empty()) return End();
      const bool is_new = !waiting_.front().from;
      ARROW_RETURN_NOT_OK(open_next(stop));
      if (is_new && read_.tells_beginnings) return beginning();
    }
    auto decoding = decode(stop);
    if (may_have_other_columns(decoding)) {
      ARROW_ASSIGN_OR_RAISE(auto change, look_for_columns(stop));
      if (change) return *std::move(change);
    }
    ARROW_ASSIGN_OR_RAISE(auto decoded, std::move(decoding));
    pass(decoder_->take_left_out());
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
    ARROW_ASSIGN_OR_RAISE(decoded.rows,
                          columns_by_name(decoded.rows, decoding_.schema, shown_split()));
    return batch_of(std::move(decoded));
  }
}

// Records that the decoder has left out count as others do.
void FileReader::pass(int64_t num_left_out) {
  const int64_t skipped = std::min(num_to_skip_, num_left_out);
  num_to_skip_ -= skipped;
  position_.next_record += static_cast<uint64_t>(num_left_out - skipped);
}

Result<Event> FileReader::beginning() const {
  ARROW_ASSIGN_OR_RAISE(auto nothing, arrow::RecordBatch::MakeEmpty(decoding_.schema));
  return Batch{
      .rows = std::move(nothing), .split = split_, .position = position_.encode()};
}

Batch FileReader::batch_of(formats::DecodedRecords decoded) {
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

// An earlier run may have left out, among the records to be skipped, what this one would
// fail with.
Result<formats::DecodedRecords> FileReader::decode(const std::stop_token& stop) {
  auto decoded = formats::decode_next(*decoder_, stop);
  if (decoded.ok() || num_to_skip_ == 0 || sifts() ||
      !formats::is_fault_of_record(decoded.status())) {
    return decoded;
  }
  is_sifting_ = true;
  ARROW_RETURN_NOT_OK(open_again(stop));
  return formats::decode_next(*decoder_, stop);
}

// A record that does not fit may be a good one, of columns that the first ones did not
// have.
bool FileReader::may_have_other_columns(
    const Result<formats::DecodedRecords>& decoded) const {
  if (!read_.tells_schema_changes || !decoding_.found || has_looked_) return false;
  return decoded.ok() ? !decoded->bad.empty()
                      : formats::is_fault_of_record(decoded.status());
}

// In all of the split, so that it is not looked at more often than twice. Where there are
// some, it is decoded anew from here on.
Result<std::optional<SchemaChange>> FileReader::look_for_columns(
    const std::stop_token& stop) {
  has_looked_ = true;
  const std::string path = path_of(split_);
  ARROW_ASSIGN_OR_RAISE(const FileEncoding encoding, opener_.encoding_of(path));
  if (!encoding.format->can_infer_from_all) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(auto records, input(stop));
  auto now = formats::with_columns_of(*encoding.format, std::move(records),
                                      opener_.options().values, decoding_.found);
  if (now == decoding_.found) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(auto projection, formats::project(*now, read_.columns, path));
  decoding_.found = std::move(now);
  decoding_.schema = std::move(projection.schema);
  ARROW_RETURN_NOT_OK(open_again(stop));
  return SchemaChange{
      .split = split_,
      .schema = decoding_.schema,
      .place = fmt::format("{}, behind record {}", split_, position_.next_record)};
}

Status FileReader::open_next(const std::stop_token& stop) {
  const SplitStart start = std::move(waiting_.front());
  waiting_.pop_front();
  split_ = start.split;
  ARROW_ASSIGN_OR_RAISE(position_, begin_of(start));
  const FileSplit split = parse_file_split(split_);
  if (split.part) {
    ARROW_RETURN_NOT_OK(divided_->check_is_the_same(split.file, position_.version));
  }
  is_sifting_ = false;
  has_looked_ = false;
  return open_again(stop);
}

// At position_.
Status FileReader::open_again(const std::stop_token& stop) {
  num_to_skip_ = static_cast<int64_t>(position_.next_record);
  ARROW_RETURN_NOT_OK(open_decoder(stop));
  decoder_->limit_memory(read_.memory_bytes);
  decoder_->leave_out(read_.predicate);
  return Status::OK();
}

Status FileReader::open_decoder(const std::stop_token& stop) {
  if (is_opened(split_)) {
    decoder_ = std::move(first_.decoder);
    return Status::OK();
  }
  const std::string path = path_of(split_);
  const auto& found = decoding_.found;
  formats::DecodeOptions decode{.schema = found ? found : opener_.options().schema,
                                .is_inferred = found != nullptr,
                                .columns = read_.columns,
                                .keep_bad_records = sifts()};
  ARROW_ASSIGN_OR_RAISE(auto bytes, input(stop));
  ARROW_ASSIGN_OR_RAISE(decoder_,
                        opener_.decode(path, std::move(bytes), std::move(decode)));
  return check_columns(*decoder_->schema());
}

Result<formats::Input> FileReader::input(const std::stop_token& stop) const {
  const std::string path = path_of(split_);
  const auto part = parse_file_split(split_).part;
  return part ? divided_->input_of(path, position_.version, *part, stop)
              : opener_.input_of(path, position_.version, stop);
}

bool FileReader::is_opened(const SplitId& split) const {
  return first_.decoder && opener_.store().split_of(first_.path) == split;
}

// What was not there when the columns of all files were looked at.
Status FileReader::check_columns(const arrow::Schema& of_file) const {
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

std::string FileReader::path_of(const SplitId& split) const {
  return opener_.store().path_of(parse_file_split(split).file);
}

std::string FileReader::shown_split() const {
  return opener_.store().shown(path_of(split_));
}

// The version of what is read, or will be: a change between the two is seen.
Result<FileVersion> FileReader::version_of(const SplitId& split) const {
  if (is_opened(split)) return first_.version;
  return opener_.store().version_of(path_of(split));
}

// Where to begin: where the earlier run got to, if the file is still the one that it
// read. One that was read to its end may go.
Result<FilePosition> FileReader::begin_of(const SplitStart& start) const {
  const auto now = version_of(start.split);
  if (!start.from) {
    ARROW_RETURN_NOT_OK(now);
    ARROW_RETURN_NOT_OK(check_beginning(start.split, *now));
    return FilePosition{.next_record = 0, .version = *now};
  }
  ARROW_ASSIGN_OR_RAISE(const auto begun, FilePosition::decode(start.from->position));
  if (!now.ok() && kind_of(now.status()) == ErrorKind::kNotFound) {
    if (start.from->ended) return begun;
    return make_error(ErrorKind::kPositionLost, opener_.context(path_of(start.split)),
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
  return has_changed(start, begun, *now);
}

Status FileReader::has_changed(const SplitStart& start, const FilePosition& begun,
                               const FileVersion& now) const {
  return make_error(
      ErrorKind::kPositionLost, opener_.context(path_of(start.split)),
      fmt::format(
          "the file has changed since {} rows of it were read: it had {} bytes, "
          "now {}{}. Put the old file back; or on_changed = reread reads it from its "
          "beginning, and its rows come again{}",
          begun.next_record, begun.version.num_bytes, now.num_bytes,
          begun.version.num_bytes == now.num_bytes ? ", and was written to since" : "",
          start.from->ended ? ", on_changed = ignore leaves it as it was read" : ""));
}

// Whether it is a part that nobody has begun, of a file that has grown since all of it
// was read, and is to stay as it was read then.
Result<bool> FileReader::is_left_as_read(const SplitStart& start) const {
  if (start.from || read_.on_changed != OnChanged::kIgnore) return false;
  const auto* before = divided_->earlier(parse_file_split(start.split).file);
  if (!before || !before->has_ended()) return false;
  ARROW_ASSIGN_OR_RAISE(const FileVersion now, version_of(start.split));
  return !before->was_only(now);
}

// A part that nobody has begun is of the file that others were of.
Status FileReader::check_beginning(const SplitId& split, const FileVersion& now) const {
  const auto* before = divided_->earlier(parse_file_split(split).file);
  if (!before || before->was_only(now) || read_.on_changed == OnChanged::kReread) {
    return Status::OK();
  }
  return make_error(
      ErrorKind::kPositionLost, opener_.context(path_of(split)),
      fmt::format("the file has changed since parts of it were read: it had {} bytes, "
                  "now {}. Put the old file back; or on_changed = reread reads it from "
                  "its beginning, and its rows come again",
                  before->num_bytes(), now.num_bytes));
}

}  // namespace velo::fileset
