#pragma once

/// Text in encodings other than UTF-8, by the system's iconv.

#include <arrow/io/interfaces.h>

#include <memory>
#include <string>
#include <string_view>

#include "velo/error.h"
#include "velo/options.h"

namespace velo::storage {

/// Whether a name of an encoding means UTF-8.
bool is_utf8(std::string_view encoding);

/// Whether text begins with the byte order mark of UTF-16 or UTF-32.
bool has_other_mark(std::string_view text);

/// Check that iconv knows an encoding. Errors: kInvalidArgument, saying how to list them.
Status check_encoding(std::string_view encoding, const std::string& resource);

/// Read text as UTF-8. A byte order mark of UTF-16 or UTF-32 at its beginning says what
/// it is where `encoding` is UTF-8, and is left out; that of UTF-8 stays. Bytes that are
/// none in the encoding become a byte that is none in UTF-8, so that the record which has
/// them is found bad by who reads it. UTF-8 passes as it is.
std::shared_ptr<arrow::io::InputStream> decode_text(
    std::shared_ptr<arrow::io::InputStream> bytes, std::string encoding,
    std::string name);

/// Write UTF-8 in another encoding. Close() closes `output` too.
/// Errors: kInvalidArgument; from Write: kSchemaMismatch for a character that the
/// encoding does not have, naming it.
Result<std::shared_ptr<arrow::io::OutputStream>> encode_text(
    std::shared_ptr<arrow::io::OutputStream> output, const std::string& encoding);

/// `encoding=`, an option of all that read or write text.
OptionDescriptor encoding_option();

}  // namespace velo::storage
