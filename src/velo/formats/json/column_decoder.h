#pragma once

/// One object for each column, made once per schema, that turns values into an Arrow
/// array.

#include <arrow/array/data.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "velo/formats/column_buffer.h"
#include "velo/formats/json/cursor.h"

namespace velo::formats::json {

/// Who says what the columns are.
enum class SchemaOrigin : int8_t {
  kGiven,  ///< the user: other fields are not wanted, and a double is wanted as it is
  /// A sample: a field that it does not have is news, and so is a number that loses
  /// digits in a double.
  kInferred,
};

/// How values become those of columns, whatever their types.
struct ColumnRules {
  SchemaOrigin origin = SchemaOrigin::kGiven;
  /// What numbers in timestamp columns count since 1970; nullopt: they are no timestamps.
  std::optional<arrow::TimeUnit::type> epoch = {};
  bool takes_quoted_numbers = false;  ///< also texts, as integers, floats and doubles
  bool takes_last = false;  ///< of the fields of one name in an object; else they fail
};

/// Appends the values of one column. After a failure, recorded in the cursor, only
/// reset() is useful. Threads: thread-compatible.
class ColumnDecoder {
 public:
  explicit ColumnDecoder(std::shared_ptr<arrow::DataType> type)
      : type_(std::move(type)) {}
  virtual ~ColumnDecoder() = default;

  const std::shared_ptr<arrow::DataType>& type() const { return type_; }
  int64_t num_rows() const { return num_rows_; }
  int64_t num_nulls() const { return validity_.num_nulls(); }

  /// Append the value that is the cursor's next token, and step over it.
  virtual bool decode(Cursor& cursor) = 0;

  /// Append a null.
  virtual bool append_null(Cursor& cursor) = 0;

  /// The rows so far as an array; begins anew. Errors: kSystem (no memory).
  virtual Result<std::shared_ptr<arrow::ArrayData>> finish() = 0;

  /// Forget the rows so far.
  virtual void reset() {
    num_rows_ = 0;
    validity_.clear();
  }

 protected:
  /// Append to the bitmap only; the caller has made room for the value.
  bool add_null(Cursor& cursor) {
    const Status status = validity_.add_null(num_rows_);
    return status.ok() ? (++num_rows_, true) : cursor.fail_status(status);
  }

  /// Make the array of these buffers (the bitmap goes before them) and children.
  Result<std::shared_ptr<arrow::ArrayData>> finish_array(
      arrow::BufferVector buffers, arrow::ArrayDataVector children = {}) {
    const int64_t num_nulls = validity_.num_nulls();
    ARROW_ASSIGN_OR_RAISE(auto bitmap, validity_.finish(num_rows_));
    buffers.insert(buffers.begin(), std::move(bitmap));
    const int64_t num_rows = std::exchange(num_rows_, 0);
    return arrow::ArrayData::Make(type_, num_rows, std::move(buffers),
                                  std::move(children), num_nulls);
  }

  const std::shared_ptr<arrow::DataType> type_;
  int64_t num_rows_ = 0;
  Validity validity_;
};

/// A column whose values have a fixed width: `append` is all that the kinds differ in.
template <typename T>
class FixedColumn : public ColumnDecoder {
 public:
  using ColumnDecoder::ColumnDecoder;

  bool append_null(Cursor& cursor) override {
    return append(cursor, T{}) && (--num_rows_, add_null(cursor));
  }

  Result<std::shared_ptr<arrow::ArrayData>> finish() override {
    ARROW_ASSIGN_OR_RAISE(auto values,
                          values_.finish(num_rows_ * static_cast<int64_t>(sizeof(T))));
    capacity_ = 0;
    return finish_array({std::move(values)});
  }

 protected:
  bool append(Cursor& cursor, T value) {
    if (num_rows_ == capacity_ && !grow(cursor)) return false;
    reinterpret_cast<T*>(values_.data())[num_rows_++] = value;
    return true;
  }

  /// For what decode() cannot read: a null, or a failure.
  bool append_null_or_fail(Cursor& cursor, std::string_view reason = {}) {
    if (cursor.peek() != 'n') return cursor.fail_type(*type_, reason);
    return cursor.take_null() && append_null(cursor);
  }

 private:
  bool grow(Cursor& cursor) {
    const Status status = values_.grow((num_rows_ + 1) * static_cast<int64_t>(sizeof(T)));
    if (!status.ok()) return cursor.fail_status(status);
    capacity_ = values_.capacity_bytes() / static_cast<int64_t>(sizeof(T));
    return true;
  }

  ColumnBuffer values_;
  int64_t capacity_ = 0;  // in values
};

/// Make the decoder of a column.
/// Errors: kSchemaMismatch for a type that JSON cannot be read as.
Result<std::unique_ptr<ColumnDecoder>> make_column(
    const std::shared_ptr<arrow::DataType>& type, const ColumnRules& rules);

/// Make the decoder of a decimal, date or time as Kafka Connect writes it beside the ways
/// of make_column: a date or time as the number of its type's units; where `*is_bytes`, a
/// text is a decimal's digits as bytes (big-endian, two's complement) in base64, and not
/// as digits. nullptr for other types.
std::unique_ptr<ColumnDecoder> make_connect_column(
    const std::shared_ptr<arrow::DataType>& type, std::shared_ptr<const bool> is_bytes);
std::unique_ptr<ColumnDecoder> make_connect_decimal_column(
    const std::shared_ptr<arrow::DataType>& type, std::shared_ptr<const bool> is_bytes);
std::unique_ptr<ColumnDecoder> make_connect_time_column(
    const std::shared_ptr<arrow::DataType>& type);

/// Make the decoder of timestamps that are text, as in other columns, or numbers of these
/// units since 1970, with a fraction too; what the type's unit does not hold is a
/// failure.
std::unique_ptr<ColumnDecoder> make_epoch_column(
    const std::shared_ptr<arrow::DataType>& type, arrow::TimeUnit::type epoch);

/// The families that make_column picks from; nullptr for a type that is of another.
std::unique_ptr<ColumnDecoder> make_number_column(
    const std::shared_ptr<arrow::DataType>& type, const ColumnRules& rules);
std::unique_ptr<ColumnDecoder> make_decimal_column(
    const std::shared_ptr<arrow::DataType>& type);
std::unique_ptr<ColumnDecoder> make_text_column(
    const std::shared_ptr<arrow::DataType>& type);
std::unique_ptr<ColumnDecoder> make_binary_column(
    const std::shared_ptr<arrow::DataType>& type);
Result<std::unique_ptr<ColumnDecoder>> make_nested_column(
    const std::shared_ptr<arrow::DataType>& type, const ColumnRules& rules);
Result<std::unique_ptr<ColumnDecoder>> make_map_column(
    const std::shared_ptr<arrow::DataType>& type, const ColumnRules& rules);

}  // namespace velo::formats::json
