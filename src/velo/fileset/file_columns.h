#pragma once

/// The columns of many files.

#include <arrow/type.h>

#include <memory>
#include <string>
#include <vector>

#include "velo/error.h"
#include "velo/fileset/opener.h"

namespace velo::fileset {

/// Look at all files, several at a time, and add their columns up by name
/// (SchemaUnion): what is asked elsewhere for by `union_by_name`. Where all are of
/// formats without types, these are guessed from samples and meet as guesses do
/// (common_guess). Errors: kSchemaMismatch, naming two files; those of opening them, of
/// the first by name that has one.
Result<std::shared_ptr<arrow::Schema>> unite_columns(
    const Opener& opener, const std::vector<std::string>& files, bool keeps_bad);

}  // namespace velo::fileset
