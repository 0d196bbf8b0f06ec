#include "velo/formats/json/line_finder.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "velo/formats/json/record_cutter.h"

namespace velo::formats::json {
namespace {

constexpr int64_t kMostOfFirstLine = int64_t{1} << 20;
// What is read at first is as long as most lines; a longer one is read in larger pieces.
constexpr int64_t kFirstRead = int64_t{16} << 10;
constexpr int64_t kMostAtOnce = int64_t{4} << 20;

Result<std::string> read_at(arrow::io::RandomAccessFile& file, int64_t from,
                            int64_t num_bytes) {
  std::string bytes(static_cast<size_t>(num_bytes), '\0');
  ARROW_ASSIGN_OR_RAISE(const int64_t num_read,
                        file.ReadAt(from, num_bytes, bytes.data()));
  bytes.resize(static_cast<size_t>(num_read));
  return bytes;
}

class LineFinder : public RecordFinder {
 public:
  // A record begins behind a newline, also one that is the byte before `from`.
  Result<int64_t> find(arrow::io::RandomAccessFile& file, int64_t from) override {
    if (from <= 0) return 0;
    ARROW_ASSIGN_OR_RAISE(const int64_t size, file.GetSize());
    int64_t num_bytes = kFirstRead;
    for (int64_t at = from - 1; at < size; at += num_bytes) {
      if (at >= from) num_bytes = std::min(num_bytes * 4, kMostAtOnce);
      ARROW_ASSIGN_OR_RAISE(const std::string bytes,
                            read_at(file, at, std::min(num_bytes, size - at)));
      const size_t newline = bytes.find('\n');
      if (newline != std::string::npos) return at + static_cast<int64_t>(newline) + 1;
      if (bytes.empty()) break;
    }
    return size;
  }
};

}  // namespace

Result<std::unique_ptr<RecordFinder>> make_line_finder(
    arrow::io::RandomAccessFile& file) {
  ARROW_ASSIGN_OR_RAISE(const std::string begin, read_at(file, 0, kMostOfFirstLine));
  const size_t first =
      begin.find_first_not_of(" \t\r\n", begin.starts_with("\xEF\xBB\xBF") ? 3 : 0);
  const size_t newline = begin.find('\n', std::min(first, begin.size()));
  if (newline == std::string::npos || begin[first] != '{') {
    return std::unique_ptr<RecordFinder>();
  }
  RecordScanner line(Framing::kSequence);
  line.scan(reinterpret_cast<const uint8_t*>(begin.data()), static_cast<int64_t>(first),
            static_cast<int64_t>(newline));
  if (!line.between_records()) return std::unique_ptr<RecordFinder>();
  return std::make_unique<LineFinder>();
}

}  // namespace velo::formats::json
