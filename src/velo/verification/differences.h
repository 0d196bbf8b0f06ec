#pragma once

/// What a second look at rows that differ tells.

#include <map>
#include <string>
#include <vector>

#include "velo/verification/compared_columns.h"
#include "velo/verification/kept_rows.h"
#include "velo/verify.h"

namespace velo::verification {

using RowsByKey = std::map<std::string, KeptRow, std::less<>>;

/// Tell the keys apart whose rows are not the same on both sides: count them, and keep
/// the first `num_examples` for people.
void tell_rows(const ComparedColumns& columns, const RowsByKey& source,
               const RowsByKey& sink, int64_t num_examples, Verification& verification);

/// Tell the ranges apart that differ.
std::vector<DifferingRange> ranges_that_differ(const std::vector<FirstValue>& bounds,
                                               const std::vector<Count>& source,
                                               const std::vector<Count>& sink);

}  // namespace velo::verification
