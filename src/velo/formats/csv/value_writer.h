#pragma once

/// How CSV writes the values of each type:
///
///   bool                             true, false; or as the notation says
///   integers, floating point         so that reading them gives the same value
///   decimals                         with all digits of their scale
///   date, time, timestamp            ISO 8601, with a space between date and time; in
///                                    UTC with a Z where they have a zone
///   text                             in quotes where it must be, or the style says so
///   dictionary                       as the values it stands for

#include <arrow/type.h>

#include <memory>

#include "velo/formats/csv/dialect.h"
#include "velo/formats/csv/text_rules.h"
#include "velo/formats/value_writer.h"

namespace velo::formats {

/// Make the writer of a column, which keeps the rules; nullptr for a type that CSV cannot
/// hold. `begins_record`: it is the first column. Needs arrow::compute::Initialize().
std::unique_ptr<ValueWriter> make_csv_writer(const arrow::DataType& type,
                                             const CsvNotation& notation,
                                             const CsvTextRules& rules,
                                             bool begins_record);

}  // namespace velo::formats
