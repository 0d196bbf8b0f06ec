#pragma once

/// How JSON writes the values of each type: README.md has the table.

#include <arrow/array.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "velo/formats/value_writer.h"

namespace velo::formats::json {

/// Append the value of a row, or null. Errors: as ValueWriter::write.
inline Status put_value(ValueWriter& writer, int64_t row, TextBuffer& out) {
  if (!writer.is_null(row)) return writer.write(row, out);
  out.put("null");
  return Status::OK();
}

/// The fields of an object as one writes them: the names are made ready once.
/// Threads: thread-compatible.
class ObjectWriter {
 public:
  /// Errors: kSchemaMismatch for two fields of one name, a name that is not UTF-8, or a
  /// type that JSON cannot say.
  static Result<ObjectWriter> make(const arrow::FieldVector& fields);

  /// Go over to these columns, one for each field.
  /// Errors: as ValueWriter::bind, naming the column.
  Status bind(const arrow::ArrayVector& columns);

  /// Append the object of a row.
  /// Errors: kSchemaMismatch naming the column.
  Status write(int64_t row, TextBuffer& out);

 private:
  struct Member {
    Status locate(Status status) const;

    std::string name;
    std::string prefix;  // `{"name":` or `,"name":`
    std::unique_ptr<ValueWriter> writer;
  };
  std::vector<Member> members_;
};

/// Make the writer of a column.
/// Errors: kSchemaMismatch for a type that JSON cannot say.
Result<std::unique_ptr<ValueWriter>> make_value_writer(
    const std::shared_ptr<arrow::DataType>& type);

/// The families that make_value_writer picks from; nullptr for a type that is of another.
std::unique_ptr<ValueWriter> make_number_writer(const arrow::DataType& type);
std::unique_ptr<ValueWriter> make_text_writer(const arrow::DataType& type);
Result<std::unique_ptr<ValueWriter>> make_nested_writer(const arrow::DataType& type);

}  // namespace velo::formats::json
