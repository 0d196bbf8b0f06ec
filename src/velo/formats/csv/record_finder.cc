#include "velo/formats/csv/record_finder.h"

#include <arrow/io/file.h>
#include <arrow/io/memory.h>

#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>

#include "velo/formats/block_reader.h"
#include "velo/formats/csv/file_stream.h"
#include "velo/formats/csv/front.h"
#include "velo/formats/csv/record_position.h"
#include "velo/formats/csv/record_skipper.h"

namespace velo::formats {
namespace {

constexpr int64_t kReadAtOnce = int64_t{1} << 20;

bool is_line_a_record(const CsvDialect& dialect) {
  return !dialect.quote && !dialect.escape;
}

bool is_near(const arrow::io::RandomAccessFile& file) {
  return dynamic_cast<const arrow::io::ReadableFile*>(&file) != nullptr ||
         dynamic_cast<const arrow::io::BufferReader*>(&file) != nullptr;
}

class CsvRecordFinder : public RecordFinder {
 public:
  CsvRecordFinder(const CsvDialect& dialect, int64_t first_row)
      : dialect_(dialect),
        skipper_(dialect),
        first_row_(first_row),
        known_{{first_row, first_row}} {}

  Result<int64_t> find(arrow::io::RandomAccessFile& file, int64_t from) override {
    if (from <= 0) return 0;
    if (from <= first_row_) return first_row_;
    // Every record begins behind the end of a line.
    if (is_line_a_record(dialect_)) return search(file, from - 1, from);
    const std::lock_guard lock(mutex_);
    const int64_t known = std::prev(known_.upper_bound(from))->second;
    if (known >= from) return known;
    ARROW_ASSIGN_OR_RAISE(const int64_t found, search(file, known, from));
    known_[from] = found;
    return found;
  }

 private:
  Result<int64_t> search(arrow::io::RandomAccessFile& file, int64_t at,
                         int64_t from) const {
    while (at < from) {
      ARROW_ASSIGN_OR_RAISE(const auto bytes, file.ReadAt(at, kReadAtOnce));
      const size_t passed =
          skipper_.skip(std::string_view(*bytes), static_cast<size_t>(from - at));
      at += static_cast<int64_t>(passed);
      // A record that is long, or the last.
      if (passed > 0) continue;
      ARROW_ASSIGN_OR_RAISE(at, end_of_record(file, at));
    }
    return at;
  }

  Result<int64_t> end_of_record(arrow::io::RandomAccessFile& file, int64_t at) const {
    std::optional<RecordEnd> end;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto bytes, file.ReadAt(at, kReadAtOnce));
      const auto text = std::string_view(*bytes);
      if (text.empty()) return file.GetSize();
      if (!end) {
        const bool is_comment =
            !dialect_.comment.empty() && text.starts_with(dialect_.comment);
        end = is_comment ? RecordEnd::of_line() : RecordEnd(dialect_);
      }
      if (const auto num_bytes = end->find(text)) {
        return at + static_cast<int64_t>(*num_bytes);
      }
      at += static_cast<int64_t>(text.size());
    }
  }

  const CsvDialect dialect_;
  const RecordSkipper skipper_;
  const int64_t first_row_;
  std::mutex mutex_;
  // Guarded by mutex_: what was found from an offset on, which holds up to there.
  std::map<int64_t, int64_t> known_;
};

}  // namespace

Result<std::unique_ptr<RecordFinder>> make_csv_record_finder(
    arrow::io::RandomAccessFile& file, const CsvDialect& dialect) {
  if (!is_line_a_record(dialect) && !is_near(file)) {
    return std::unique_ptr<RecordFinder>();
  }
  const std::shared_ptr<arrow::io::RandomAccessFile> not_owned(std::shared_ptr<void>(),
                                                               &file);
  BlockReader blocks({.name = "", .stream = std::make_shared<FileStream>(not_owned)},
                     dialect.block_bytes, dialect.max_record_bytes);
  const auto front = read_front(blocks, dialect, nullptr);
  if (is_fault_of_record(front.status())) return std::unique_ptr<RecordFinder>();
  ARROW_RETURN_NOT_OK(front);
  return std::make_unique<CsvRecordFinder>(front->dialect, blocks.offset());
}

}  // namespace velo::formats
