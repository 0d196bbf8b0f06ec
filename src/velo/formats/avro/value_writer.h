#pragma once

/// How Avro writes the values of each type: README.md has the table.

#include <arrow/array.h>
#include <arrow/type.h>

#include <memory>
#include <string>
#include <vector>

#include "velo/formats/value_writer.h"

namespace velo::formats::avro {

/// A value of a column, or its null: ["null", T] where it may be null.
class ItemWriter {
 public:
  /// Errors: kSchemaMismatch for a type that Avro cannot hold.
  static Result<ItemWriter> make(const arrow::Field& field);

  Status bind(const std::shared_ptr<arrow::Array>& array) { return writer_->bind(array); }

  /// Errors: kSchemaMismatch for a value that cannot be written, and for a null where
  /// there is to be none.
  Status write(int64_t row, TextBuffer& out) {
    if (writer_->is_null(row)) return write_null(out);
    if (branch_) out.put('\2');  // branch 1
    return writer_->write(row, out);
  }

 private:
  Status write_null(TextBuffer& out) const;

  std::unique_ptr<ValueWriter> writer_;
  bool branch_ = false;
  bool is_nothing_ = false;  // its only value is null
};

/// The fields of a record, one behind the other. Threads: thread-compatible.
class RecordWriter {
 public:
  static Result<RecordWriter> make(const arrow::FieldVector& fields);

  /// Go over to these columns, one for each field.
  Status bind(const arrow::ArrayVector& columns);

  /// Errors: kSchemaMismatch naming the column.
  Status write(int64_t row, TextBuffer& out);

 private:
  struct Member {
    std::string name;
    ItemWriter writer;
  };
  std::vector<Member> members_;
};

/// The writer of values of a type that is not nested; nullptr for any other.
std::unique_ptr<ValueWriter> make_scalar_writer(const arrow::DataType& type);

/// The writer of values of any type. Errors: kSchemaMismatch.
Result<std::unique_ptr<ValueWriter>> make_value_writer(const arrow::DataType& type);

}  // namespace velo::formats::avro
