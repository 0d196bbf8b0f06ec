#pragma once

/// Lines of text to Arrow.

#include <cstdint>
#include <memory>
#include <string>

#include "velo/formats/format.h"
#include "velo/formats/record_limit.h"

namespace velo::formats {

struct TextLayout {
  /// A regular expression in RE2's syntax that a whole line matches, all its groups
  /// named; "" for the line as it is.
  std::string pattern;
  /// Bytes read at a time, hence about the bytes of text in one batch.
  int64_t block_bytes = int64_t{1} << 20;
  int64_t max_record_bytes = kMaxRecordBytes;
};

/// Start decoding. The only column is `line`; or there is one for each group of the
/// pattern, where a group that took no part is the empty text. All are text; `schema=`
/// may give them other names. A line ends with \n or \r\n; one that is no UTF-8, or does
/// not match, is a bad record. Errors: kInvalidArgument for a pattern that RE2 does not
/// take; kSchemaMismatch for a schema of anything but as many columns of text.
Result<std::unique_ptr<Decoder>> make_text_decoder(Input input, const TextLayout& layout,
                                                   DecodeOptions options);

}  // namespace velo::formats
