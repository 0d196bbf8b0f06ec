#pragma once

/// Text as a JSON string.

#include <string_view>

#include "velo/error.h"
#include "velo/formats/text_buffer.h"

namespace velo::formats::json {

/// Append a JSON string that says `text`, quotes included.
/// Errors: kSchemaMismatch where the text is not UTF-8; nothing is appended.
Status put_quoted(std::string_view text, TextBuffer& out);

}  // namespace velo::formats::json
