#pragma once

/// A format turns bytes into record batches and back. It knows nothing of where the bytes
/// are kept: an input is a stream with a name for messages.

#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "velo/error.h"
#include "velo/event.h"
#include "velo/options.h"
#include "velo/source.h"

namespace velo::formats {

/// A part of a file, which begins and ends where a record does (RecordFinder).
struct Part {
  /// Of its first byte. Where it is not 0, what a file begins with (a byte order mark, a
  /// header) is not there.
  int64_t offset = 0;
  bool is_last = false;  ///< whether the file ends with it
  /// The newlines before `offset`. All that comes before is read for it, so only who has
  /// to name a line asks.
  std::function<Result<int64_t>()> lines_before = {};
};

/// What a decoder reads from.
struct Input {
  std::string name;  ///< for messages: a path, "standard input"
  /// The bytes, decompressed, from the beginning.
  std::shared_ptr<arrow::io::InputStream> stream;
  /// The whole file with random access; nullptr where its bytes only come in order.
  std::shared_ptr<arrow::io::RandomAccessFile> file;
  std::optional<Part> part = {};  ///< what `stream` is, where that is not the whole file
};

/// Finds the records of one file from anywhere in it, so that it is read in parts. All
/// parts together have the records of the file, each once. Threads: safe.
class RecordFinder {
 public:
  virtual ~RecordFinder() = default;

  /// Find the first record that begins at byte `from` or behind it, in the file that the
  /// finder was made for: its offset, or the file's size where there is none. The same
  /// whenever it is asked. Errors: those of reading.
  virtual Result<int64_t> find(arrow::io::RandomAccessFile& file, int64_t from) = 0;
};

/// What a record of JSON is.
enum class Envelope : int8_t {
  kNone,      ///< a row
  kDebezium,  ///< a change, as Debezium writes it (json/envelope.h)
};

struct DecodeOptions {
  /// The columns of the whole file, from `schema=`; nullptr to infer or to read them. Of
  /// changes those of their rows count, and the others (with_change_columns) may be left
  /// out.
  std::shared_ptr<arrow::Schema> schema;
  /// Whether `schema` was inferred, from several files: then nobody asked for its types,
  /// and a value that would lose something in them is an error. This file may lack some
  /// of its columns, and of `columns`: what it does not have is left out of what it
  /// yields (JSON: NULL). Formats that say their types yield those.
  bool is_inferred = false;
  /// Whether nothing but schema() is wanted. Of text, a column without any value is null
  /// there.
  bool only_schema = false;
  /// Whether the columns are inferred from all records, and not from a sample
  /// (Format::can_infer_from_all).
  bool infers_from_all = false;
  /// The columns wanted, in this order; nullopt for all.
  std::optional<std::vector<std::string>> columns;
  /// Keep records that are no rows (Decoder::take_bad_records) where they can be told
  /// from the others, instead of failing with the first. What is inferred leaves them
  /// out.
  bool keep_bad_records = false;
  // Of JSON.
  Envelope envelope = Envelope::kNone;
  /// What numbers in timestamp columns count since 1970; nullopt: they are no timestamps.
  std::optional<arrow::TimeUnit::type> epoch = {};
  bool takes_quoted_numbers = false;  ///< in columns of numbers, which are given
  bool takes_last_field = false;  ///< of those of one name in an object; else they fail
};

/// Whether a record is at fault, and not that which it is read from.
inline bool is_fault_of_record(const Status& status) {
  const ErrorKind kind = kind_of(status);
  return kind == ErrorKind::kCorruptData || kind == ErrorKind::kSchemaMismatch;
}

/// A record that is no row, and its place among those that are.
struct PlacedBadRecord {
  BadRecord record;             ///< without a position
  int64_t num_rows_before = 0;  ///< of the batch
  int64_t offset = 0;           ///< in the input, decompressed, of its first byte
};

/// Decodes one file. Threads: thread-compatible.
class Decoder {
 public:
  virtual ~Decoder() = default;

  /// The columns that next() yields: the projection, if one was asked for.
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;

  /// Hold about so many bytes at most. To be called before next(). Formats of records
  /// hold a few blocks, and no more than that anyway.
  virtual void limit_memory(int64_t num_bytes) { (void)num_bytes; }

  /// Leave out rows for which one of these does not hold, where a part of the file tells
  /// it of all of its rows. A hint: others that fail are still there. To be called before
  /// next().
  virtual void leave_out(std::vector<Comparison> predicate) { (void)predicate; }

  /// How many rows were left out before those that next() has just returned, or at the
  /// end.
  virtual int64_t take_left_out() { return 0; }

  /// Decode the next batch, of one row at least, or of none where only bad records were
  /// kept; nullptr at the end.
  /// Errors: kCorruptData, kSchemaMismatch with file, line, byte offset and column;
  /// kSystem; kCancelled. After an error the decoder is finished.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> next(std::stop_token stop) = 0;

  /// The bad records beside the rows that next() has just returned, in their order. None
  /// without DecodeOptions::keep_bad_records, and of formats whose values are typed.
  virtual std::vector<PlacedBadRecord> take_bad_records() { return {}; }
};

/// Encodes one file. Threads: thread-compatible.
class Encoder {
 public:
  virtual ~Encoder() = default;

  /// Encode all rows of a batch, which has the encoder's schema. A format of lines has
  /// written all of them to the stream when this returns: a reader need not wait for the
  /// next ones.
  virtual Status write(const arrow::RecordBatch& rows) = 0;

  /// Bytes of rows that wait to be encoded, as a row group does.
  virtual int64_t held_bytes() const { return 0; }
  /// Encode those now.
  virtual Status write_held() { return Status::OK(); }

  /// Write what the format needs at its end. The stream stays open; close it afterwards.
  virtual Status finish() = 0;
};

/// One format. All functions are thread-safe.
struct Format {
  std::string_view name;                     ///< "csv", as in `format=csv`
  std::vector<std::string_view> extensions;  ///< without the dot
  /// Whether a file says of which types its columns are.
  bool has_types = false;
  /// Whether it knows DecodeOptions::infers_from_all.
  bool can_infer_from_all = false;
  /// Whether `schema=@FILE` names a file that says what its records are.
  bool takes_schema_file = false;
  /// Whether a file of a directory is of this format only if `format=` says so: its
  /// extensions are also those of much that is no data.
  bool is_asked_for = false;
  /// Whether decoding needs Input::file.
  bool needs_random_access = false;
  /// Whether a file has a codec of its own inside, which `compression=` says: its bytes
  /// are not compressed once more.
  bool compresses_inside = false;
  /// Options that this format adds to a URI. Two formats that share a name share it
  /// whole.
  std::vector<OptionDescriptor> options;

  /// Start decoding: reads as much as the schema needs.
  /// Errors: as Decoder::next; kInvalidArgument for a column that is not there.
  Result<std::unique_ptr<Decoder>> (*make_decoder)(Input input,
                                                   const OptionValues& values,
                                                   DecodeOptions options) = nullptr;
  /// Look at the beginning of a file: whether its records can be found from anywhere.
  /// nullptr for one of which that cannot be said. A format without this has no such
  /// files. Errors: those of reading.
  Result<std::unique_ptr<RecordFinder>> (*make_record_finder)(
      arrow::io::RandomAccessFile& file, const OptionValues& values) = nullptr;
  /// Start encoding rows of `schema` into `output`.
  /// Errors: kSchemaMismatch naming a column whose type the format cannot hold.
  Result<std::unique_ptr<Encoder>> (*make_encoder)(
      std::shared_ptr<arrow::io::OutputStream> output,
      const std::shared_ptr<arrow::Schema>& schema, const OptionValues& values) = nullptr;
};

/// All formats, in the order that help prints them.
const std::vector<const Format*>& all_formats();

/// Their names, for messages: "csv, json, parquet".
std::string format_names();

/// The format of this name, or nullptr.
const Format* find_format(std::string_view name);

/// The format of files with this extension, or nullptr.
const Format* find_format_of_files(std::string_view extension);

/// The options of all formats, each once.
std::vector<OptionDescriptor> all_format_options();

/// `envelope=`, an option of JSON. Its values have the names of Envelope.
OptionDescriptor envelope_option();

/// What `envelope=` says, of values with that option.
Envelope envelope_of(const OptionValues& values);

/// Check that the format of this name, of what is shown as `resource`, knows the envelope
/// that the values ask for. Errors: kInvalidArgument.
Status check_envelope(std::string_view format, const OptionValues& values,
                      const std::string& resource);

/// Whether `schema=` names a file: `@shop.desc`.
bool names_schema_file(const OptionValues& values);

/// Check that a format of what is shown as `resource` takes such a file, where one is
/// named. Errors: kInvalidArgument.
Status check_schema_file(const Format& format, const OptionValues& values,
                         const std::string& resource);

}  // namespace velo::formats
