#pragma once

/// The memory of the columns that a program fills.

#include <arrow/array/data.h>
#include <arrow/type.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "velo/formats/avro/run.h"
#include "velo/formats/column_buffer.h"

namespace velo::formats::avro {

/// One column. After a failure of memory, which the run tells of, only truncate() is
/// useful. Threads: thread-compatible.
class Column {
 public:
  explicit Column(std::shared_ptr<arrow::DataType> type) : type_(std::move(type)) {}
  virtual ~Column() = default;

  const std::shared_ptr<arrow::DataType>& type() const { return type_; }
  int64_t num_rows() const { return num_rows_; }

  /// What a row takes, beside what Run::num_bytes counts.
  virtual int64_t row_bytes() const = 0;

  virtual bool append_null(Run& run) = 0;

  /// Append a value that means nothing: below a null, where there can be none.
  virtual bool append_empty(Run& run) = 0;

  /// Forget the rows from this one on.
  virtual void truncate(int64_t num_rows) = 0;

  /// The rows so far as an array; begins anew. Errors: kSystem (no memory).
  virtual Result<std::shared_ptr<arrow::ArrayData>> finish() = 0;

 protected:
  bool add_null(Run& run) {
    const Status status = validity_.add_null(num_rows_);
    return status.ok() ? (++num_rows_, true) : run.fail_status(status);
  }

  void truncate_rows(int64_t num_rows) {
    validity_.truncate(num_rows, num_rows_);
    num_rows_ = num_rows;
  }

  Result<std::shared_ptr<arrow::ArrayData>> finish_array(
      arrow::BufferVector buffers, arrow::ArrayDataVector children = {}) {
    const int64_t num_nulls = validity_.num_nulls();
    ARROW_ASSIGN_OR_RAISE(auto bitmap, validity_.finish(num_rows_));
    buffers.insert(buffers.begin(), std::move(bitmap));
    return arrow::ArrayData::Make(type_, std::exchange(num_rows_, 0), std::move(buffers),
                                  std::move(children), num_nulls);
  }

  const std::shared_ptr<arrow::DataType> type_;
  int64_t num_rows_ = 0;
  Validity validity_;
};

/// Values of one width.
template <typename T>
class FixedColumn : public Column {
 public:
  using Column::Column;
  using Value = T;

  int64_t row_bytes() const override { return sizeof(T); }

  bool append(T value, Run& run) {
    if (num_rows_ == capacity_ && !grow(run)) return false;
    values()[num_rows_++] = value;
    return true;
  }

  bool append_null(Run& run) override {
    return append(T{}, run) && (--num_rows_, add_null(run));
  }

  bool append_empty(Run& run) override { return append(T{}, run); }

  void truncate(int64_t num_rows) override { truncate_rows(num_rows); }

  Result<std::shared_ptr<arrow::ArrayData>> finish() override {
    ARROW_ASSIGN_OR_RAISE(auto values,
                          buffer_.finish(num_rows_ * static_cast<int64_t>(sizeof(T))));
    capacity_ = 0;
    return finish_array({std::move(values)});
  }

 protected:
  T* values() { return reinterpret_cast<T*>(buffer_.data()); }

 private:
  bool grow(Run& run) {
    const Status status = buffer_.grow((num_rows_ + 1) * static_cast<int64_t>(sizeof(T)));
    if (!status.ok()) return run.fail_status(status);
    capacity_ = buffer_.capacity_bytes() / static_cast<int64_t>(sizeof(T));
    return true;
  }

  ColumnBuffer buffer_;
  int64_t capacity_ = 0;  // in values
};

/// Booleans, a byte each until they are an array.
class BooleanColumn final : public FixedColumn<uint8_t> {
 public:
  BooleanColumn() : FixedColumn(arrow::boolean()) {}
  Result<std::shared_ptr<arrow::ArrayData>> finish() override;
};

class NullColumn final : public Column {
 public:
  NullColumn() : Column(arrow::null()) {}
  int64_t row_bytes() const override { return 0; }
  bool append_null(Run&) override { return ++num_rows_, true; }
  bool append_empty(Run&) override { return ++num_rows_, true; }
  void truncate(int64_t num_rows) override { num_rows_ = num_rows; }
  Result<std::shared_ptr<arrow::ArrayData>> finish() override;
};

/// Bytes of one number.
class FixedBytesColumn final : public Column {
 public:
  FixedBytesColumn(std::shared_ptr<arrow::DataType> type, int64_t num_bytes)
      : Column(std::move(type)), num_bytes_(num_bytes) {}

  int64_t num_bytes() const { return num_bytes_; }
  int64_t row_bytes() const override { return num_bytes_; }
  bool append(const uint8_t* bytes, Run& run);
  bool append_null(Run& run) override {
    return append_empty(run) && (--num_rows_, add_null(run));
  }
  bool append_empty(Run& run) override;
  void truncate(int64_t num_rows) override { truncate_rows(num_rows); }
  Result<std::shared_ptr<arrow::ArrayData>> finish() override;

 private:
  const int64_t num_bytes_;
  ColumnBuffer buffer_;
};

/// Texts, or bytes of any number.
class TextColumn final : public Column {
 public:
  using Column::Column;

  int64_t row_bytes() const override { return sizeof(int32_t); }

  /// So many bytes, behind which kPaddingBytes can be read. Run::num_bytes is counted by
  /// the caller, so that the offsets do not overflow.
  bool append(const uint8_t* bytes, int64_t num_bytes, Run& run) {
    if (num_rows_ + 1 >= capacity_ || end_ + num_bytes + kPaddingBytes > room_) {
      if (!grow(num_bytes, run)) return false;
    }
    uint8_t* to = bytes_.data() + end_;
    std::memcpy(to, bytes, kPaddingBytes);
    if (num_bytes > kPaddingBytes) [[unlikely]] {
      std::memcpy(to + kPaddingBytes, bytes + kPaddingBytes,
                  static_cast<size_t>(num_bytes - kPaddingBytes));
    }
    end_ += num_bytes;
    offsets()[++num_rows_] = static_cast<int32_t>(end_);
    return true;
  }

  bool append_null(Run& run) override {
    return append_empty(run) && (--num_rows_, add_null(run));
  }
  bool append_empty(Run& run) override;
  void truncate(int64_t num_rows) override;
  Result<std::shared_ptr<arrow::ArrayData>> finish() override;

 private:
  int32_t* offsets() { return reinterpret_cast<int32_t*>(offsets_.data()); }
  bool grow(int64_t num_bytes, Run& run);

  ColumnBuffer offsets_;
  ColumnBuffer bytes_;
  int64_t capacity_ = 0;  // in offsets
  int64_t room_ = 0;
  int64_t end_ = 0;
};

/// Lists; maps, whose entries are structs.
class ListColumn final : public Column {
 public:
  ListColumn(std::shared_ptr<arrow::DataType> type, std::unique_ptr<Column> items)
      : Column(std::move(type)), items_(std::move(items)) {}

  Column& items() { return *items_; }
  int64_t row_bytes() const override { return sizeof(int32_t); }
  /// Append a list of all items since the last one.
  bool append(Run& run);
  bool append_null(Run& run) override {
    return append(run) && (--num_rows_, add_null(run));
  }
  bool append_empty(Run& run) override { return append(run); }
  void truncate(int64_t num_rows) override;
  Result<std::shared_ptr<arrow::ArrayData>> finish() override;

 private:
  int32_t* offsets() { return reinterpret_cast<int32_t*>(offsets_.data()); }

  std::unique_ptr<Column> items_;
  ColumnBuffer offsets_;
};

class StructColumn final : public Column {
 public:
  StructColumn(std::shared_ptr<arrow::DataType> type,
               std::vector<std::unique_ptr<Column>> fields)
      : Column(std::move(type)), fields_(std::move(fields)) {}

  const std::vector<std::unique_ptr<Column>>& fields() const { return fields_; }
  int64_t row_bytes() const override;
  /// Append a struct of the fields' last rows, which are there.
  void append() { ++num_rows_; }
  bool append_null(Run& run) override {
    return append_empty(run) && (--num_rows_, add_null(run));
  }
  bool append_empty(Run& run) override;
  void truncate(int64_t num_rows) override;
  Result<std::shared_ptr<arrow::ArrayData>> finish() override;

 private:
  std::vector<std::unique_ptr<Column>> fields_;
};

/// Make the column of a type that arrow_type_of() has given.
Result<std::unique_ptr<Column>> make_column(const std::shared_ptr<arrow::DataType>& type);

}  // namespace velo::formats::avro
