#pragma once

/// What a URI says of CSV.

#include <vector>

#include "velo/error.h"
#include "velo/formats/csv/dialect.h"
#include "velo/options.h"

namespace velo::formats {

/// All options of CSV.
std::vector<OptionDescriptor> csv_options();

/// The dialect that they say, with this delimiter where they say none. Errors:
/// kInvalidArgument, naming the option.
Result<CsvDialect> csv_dialect_of(const OptionValues& values,
                                  char default_delimiter = ',');

}  // namespace velo::formats
