#pragma once

/// Where dead letters are kept (RunOptions::dead_letters).

#include "velo/connector.h"
#include "velo/error.h"
#include "velo/sink.h"
#include "velo/uri.h"

namespace velo {

/// The address of dead letters, to be written or read, with max_record_bytes= as large as
/// may be, where its connector has such an option and it does not say itself: a letter is
/// larger than its record.
Uri with_letter_limit(Uri letters, const Registry& registry);

/// Check that rows of these dead letters do not go to where the letters are, which could
/// not be read then. Errors: kInvalidArgument.
Status check_is_elsewhere(const Uri& letters, DataSink& sink, const Registry& registry);

}  // namespace velo
