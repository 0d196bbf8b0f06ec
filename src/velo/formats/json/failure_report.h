#pragma once

/// What a user reads when a file cannot be decoded.

#include <cstdint>
#include <optional>
#include <string>

#include "velo/formats/json/cursor.h"
#include "velo/formats/json/record_cutter.h"

namespace velo::formats::json {

/// What is known of a file wherever it fails.
struct FileFacts {
  std::string name;               ///< of the input
  bool schema_was_given = false;  ///< so that the advice fits
  int64_t max_record_bytes = 0;
  std::optional<Part> part = {};  ///< that is read, see Input
};

/// "line 731, byte 40213", both in the file. `line` is counted from where reading began;
/// where nobody can say what comes before that, the byte alone.
std::string place_of(const FileFacts& file, int64_t line, int64_t offset);

/// The error for a failure in a block, "data.ndjson: line 731, byte 40213: column 'qty'
/// is int64, found …". The byte is that of the token at fault, counted from 0; when the
/// block ended too early, line and byte are those of the record, which begins at
/// `record`.
Status report(const FileFacts& file, const Block& block, const Failure& failure,
              int64_t record);

/// Why a StructuralIndex did not accept a block.
struct BadText {
  Failure failure;
  /// Up to here the block is well-formed, token by token.
  int64_t good_bytes = 0;
};

/// Find the first byte that is not UTF-8, or a control character in a string, else the
/// string that is not closed.
BadText find_bad_text(const Block& block);

}  // namespace velo::formats::json
