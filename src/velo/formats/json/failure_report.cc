#include "velo/formats/json/failure_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "velo/base/utf8.h"
#include "velo/formats/record_limit.h"

namespace velo::formats::json {
namespace {

Failure corrupt(size_t offset, std::string message) {
  return {.kind = ErrorKind::kCorruptData,
          .offset = static_cast<int64_t>(offset),
          .message = std::move(message)};
}

// The fault in a string that begins at `quote` (npos: outside of any), at `offset`.
BadText bad_text(std::string_view text, size_t quote, size_t offset,
                 std::string message) {
  size_t good = quote;
  if (quote == std::string_view::npos) {
    // Half a number is no token.
    const size_t last = text.substr(0, offset).find_last_of(" \t\r\n,:[]{}\"");
    good = last == std::string_view::npos ? 0 : last + 1;
  }
  return {corrupt(offset, std::move(message)), static_cast<int64_t>(good)};
}

std::string message_of(const FileFacts& file, const Failure& failure) {
  if (failure.kind != ErrorKind::kSchemaMismatch) {
    return failure.path.empty()
               ? failure.message
               : fmt::format("{} in column '{}'", failure.message, failure.path);
  }
  const char* advice = file.schema_was_given ? "fix the line or change schema="
                                             : "give schema= or fix the line";
  if (failure.of_column) {
    return fmt::format("column '{}' {}; {}", failure.path, failure.message, advice);
  }
  return fmt::format("{}{}; {}", failure.message,
                     failure.path.empty() ? "" : fmt::format(" in '{}'", failure.path),
                     advice);
}

// What ends with a block that is the last.
const char* end_of(const FileFacts& file) {
  return file.part && !file.part->is_last ? "a part of the file" : "the file";
}

constexpr const char* kPartAdvice =
    "; where a record takes several lines, part_bytes=0 reads the file whole";

}  // namespace

std::string place_of(const FileFacts& file, int64_t line, int64_t offset) {
  if (file.part && file.part->lines_before) {
    const auto lines_before = file.part->lines_before();
    if (!lines_before.ok()) return fmt::format("byte {}", offset);
    line += *lines_before;
  }
  return fmt::format("line {}, byte {}", line, offset);
}

Status report(const FileFacts& file, const Block& block, const Failure& failure,
              int64_t record) {
  const bool in_record = record >= 0;
  const int64_t offset = failure.at_end && in_record ? record : failure.offset;
  const int64_t line = block.line + std::count(block.text, block.text + offset, '\n');
  std::string message = message_of(file, failure);
  if (failure.at_end && block.too_large) {
    message = too_large(file.max_record_bytes);
  } else if (failure.at_end && block.is_line) {
    message = fmt::format("the line ends {}: {}",
                          in_record ? "within this record" : "too early", message);
  } else if (failure.at_end && block.last) {
    message = fmt::format("{} ends {}: {}{}", end_of(file),
                          in_record ? "within this record" : "too early", message,
                          file.part ? kPartAdvice : "");
  }
  return make_error(
      failure.kind,
      {.resource = file.name, .position = place_of(file, line, block.offset + offset)},
      std::move(message));
}

BadText find_bad_text(const Block& block) {
  const std::string_view text(reinterpret_cast<const char*>(block.text),
                              static_cast<size_t>(block.size));
  const size_t invalid = find_invalid_utf8(text);
  size_t quote = std::string_view::npos;  // where the string at hand begins
  for (size_t i = 0; i < std::min(invalid, text.size()); ++i) {
    const char c = text[i];
    if (c == '\\' && i + 1 < text.size() && static_cast<uint8_t>(text[i + 1]) >= 0x20) {
      ++i;  // also outside of strings, as simdjson sees it
    } else if (c == '"') {
      quote = quote == std::string_view::npos ? i : std::string_view::npos;
    } else if (quote != std::string_view::npos && static_cast<uint8_t>(c) < 0x20) {
      return bad_text(text, quote, i,
                      fmt::format("control character {:#04x} in a text{}", c,
                                  c == '\n' ? "; is its closing quote missing?" : ""));
    }
  }
  if (invalid != std::string_view::npos) {
    const auto byte = static_cast<uint8_t>(text[invalid]);
    return bad_text(text, quote, invalid, fmt::format("byte {:#04x} is not UTF-8", byte));
  }
  const size_t begin = std::min(quote, text.size());
  BadText unclosed = bad_text(text, begin, begin, "a text is not closed by a quote");
  unclosed.failure.at_end = true;
  return unclosed;
}

}  // namespace velo::formats::json
