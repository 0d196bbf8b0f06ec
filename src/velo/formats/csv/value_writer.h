#pragma once

/// How CSV writes the values of each type:
///
///   bool                             true, false
///   integers, floating point         so that reading them gives the same value
///   decimals                         with all digits of their scale
///   date, time, timestamp            ISO 8601, with a space between date and time; in
///                                    UTC with a Z where they have a zone
///   text                             in quotes only where it must be
///   dictionary                       as the values it stands for

#include <arrow/type.h>

#include <memory>
#include <string_view>

#include "velo/formats/value_writer.h"

namespace velo::formats {

/// Make the writer of a column; nullptr for a type that CSV cannot hold. Needs
/// arrow::compute::Initialize().
std::unique_ptr<ValueWriter> make_csv_writer(const arrow::DataType& type, char delimiter);

/// Append a text, in quotes if it is empty or holds a delimiter, a quote or a line break.
void put_csv_text(std::string_view text, char delimiter, TextBuffer& out);

}  // namespace velo::formats
