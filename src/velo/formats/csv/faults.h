#pragma once

/// What is wrong with CSV text, and where, as it is told.

#include <arrow/type.h>

#include <string>
#include <string_view>

#include "velo/error.h"
#include "velo/formats/csv/record_position.h"
#include "velo/formats/csv/records.h"

namespace velo::formats {

/// What is wrong with a record.
struct RecordFault {
  ErrorKind kind;
  std::string message;
};

/// Of a record that is no row of so many columns.
RecordFault fault_of(const BrokenRecord& record, int num_columns, char delimiter);

/// Of a value that is not of its column's type.
RecordFault fault_of(std::string_view value, const arrow::Field& field);

/// The error of a fault in a file of this name.
Status fault_at(const RecordPosition& position, const std::string& name,
                const RecordFault& fault);
Status corrupt_at(const RecordPosition& position, const std::string& name,
                  std::string message);
Status open_quote_at(const RecordPosition& position, const std::string& name);

}  // namespace velo::formats
