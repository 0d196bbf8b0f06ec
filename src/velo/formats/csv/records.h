#pragma once

/// The values of CSV records, as they lie in the text.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace velo::formats {

/// Where a value lies: without its quotes, with its escapes.
class RawValue {
 public:
  RawValue() = default;
  RawValue(size_t begin, size_t size, bool is_quoted, bool is_escaped)
      : begin_(static_cast<uint32_t>(begin) | (is_escaped ? kFlag : 0)),
        size_(static_cast<uint32_t>(size) | (is_quoted ? kFlag : 0)) {}

  /// One that a short record does not have.
  static RawValue missing() { return {kMissing, 0, false, false}; }

  size_t begin() const { return begin_ & ~kFlag; }
  size_t size() const { return size_ & ~kFlag; }
  bool is_quoted() const { return (size_ & kFlag) != 0; }
  bool is_escaped() const { return (begin_ & kFlag) != 0; }
  bool is_nothing() const { return size_ == 0; }  ///< not even quotes
  bool is_missing() const { return begin_ == kMissing; }

 private:
  static constexpr uint32_t kFlag = uint32_t{1} << 31;
  static constexpr uint32_t kMissing = kFlag - 1;

  uint32_t begin_ = 0;
  uint32_t size_ = 0;
};

/// What makes a character of a value mean nothing else.
struct CsvEscapes {
  std::optional<char> quote;
  std::optional<char> escape;  ///< nullopt: a quote is doubled

  /// Append the value that stands in the text so.
  void resolve(std::string_view raw, std::string& out) const;
};

/// One column of the records: a view into them. Threads: thread-compatible.
class CsvColumn {
 public:
  CsvColumn(const RawValue* first, size_t stride, int64_t num_rows, const char* text,
            const CsvEscapes& escapes)
      : first_(first),
        stride_(stride),
        num_rows_(num_rows),
        text_(text),
        escapes_(&escapes) {}

  int64_t num_rows() const { return num_rows_; }
  const RawValue& value(int64_t row) const {
    return first_[static_cast<size_t>(row) * stride_];
  }
  /// As it stands in the text.
  std::string_view raw(const RawValue& value) const {
    return {text_ + value.begin(), value.size()};
  }
  /// Without escapes. Valid until the next call with another value.
  std::string_view text(const RawValue& value) {
    if (!value.is_escaped()) return raw(value);
    return resolved(value);
  }
  /// The first rows.
  CsvColumn front(int64_t num_rows) const {
    CsvColumn column = *this;
    if (num_rows < num_rows_) column.num_rows_ = num_rows;
    return column;
  }

 private:
  std::string_view resolved(const RawValue& value);

  const RawValue* first_;
  size_t stride_;
  int64_t num_rows_;
  const char* text_;
  const CsvEscapes* escapes_;
  std::string resolved_;
};

/// A record that is no row.
struct BrokenRecord {
  enum class Fault : int8_t {
    kRagged,       ///< it has another number of values than there are columns
    kBehindQuote,  ///< text stands between a closing quote and the next delimiter
  };
  Fault fault;
  int64_t row;        ///< how many rows stand before it
  size_t begin;       ///< its offset in the text
  size_t num_values;  ///< that it has
};

/// The records of a text, parsed.
class CsvRecords {
 public:
  /// -1 before the first record, where nobody said how many.
  int num_columns() const { return num_columns_; }
  int64_t num_rows() const { return static_cast<int64_t>(begins_.size()); }
  std::string_view text() const { return text_; }

  CsvColumn column(int index) const {
    return {values_.data() + index, static_cast<size_t>(num_columns_), num_rows(),
            text_.data(), escapes_};
  }
  /// The offset of a row in the text.
  size_t begin(int64_t row) const { return begins_[static_cast<size_t>(row)]; }
  /// What is no row, in order.
  const std::vector<BrokenRecord>& broken() const { return broken_; }
  /// The offset of a record whose quote is not closed before the text ends, and nothing
  /// follows.
  std::optional<size_t> open_record() const { return open_record_; }

  /// Drop these rows, which are in order.
  void drop(const std::vector<int64_t>& rows);

 private:
  friend class RecordParser;

  int num_columns_ = -1;
  std::string_view text_;
  CsvEscapes escapes_;
  std::vector<RawValue> values_;  // row by row
  std::vector<uint32_t> begins_;
  std::vector<BrokenRecord> broken_;
  std::optional<size_t> open_record_;
};

}  // namespace velo::formats
