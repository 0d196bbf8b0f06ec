#include "velo/formats/json/block_sifter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace velo::formats::json {
namespace {

std::string_view text_of(const Block& block) {
  return {reinterpret_cast<const char*>(block.text), static_cast<size_t>(block.size)};
}

// Whether the first line that is not blank goes on with a record that the line before has
// left open; nullopt where all are blank.
std::optional<bool> goes_on(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return std::nullopt;
  const size_t before = text.substr(0, first).rfind('\n');
  const size_t line = before == std::string_view::npos ? 0 : before + 1;
  return goes_on_with_record(static_cast<uint8_t>(text[line]));
}

Status goes_over_lines(const FileFacts& file, const Block& line) {
  return make_error(
      ErrorKind::kCorruptData,
      {.resource = file.name, .position = place_of(file, line.line, line.offset)},
      "the record goes on in the next line, and other records have a line each: which "
      "lines are bad cannot be told; on_error = fail reads such files");
}

}  // namespace

// Of what is too large, the beginning.
std::string_view BlockSifter::kept_of(std::string_view record) const {
  const auto most = static_cast<size_t>(walk_.file().max_record_bytes);
  return record.size() > most ? record.substr(0, kKeptOfLargeRecord) : record;
}

Status BlockSifter::check_begin(const Block& block) {
  if (open_line_.ok()) return Status::OK();
  const std::optional<bool> is_open = goes_on(text_of(block));
  if (is_open == true) return open_line_;
  if (is_open) open_line_ = Status::OK();
  return Status::OK();
}

Status BlockSifter::sift_lines(const Block& block, const RecordCheck& check,
                               std::vector<PlacedBadRecord>& bad) {
  const std::string_view text = text_of(block);
  int64_t num_rows = 0;
  int64_t line_number = block.line;
  for (size_t begin = 0, next = 0; begin < text.size(); begin = next, ++line_number) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    next = end + 1;
    const Block line{.text = block.text + begin,
                     .size = static_cast<int64_t>(end - begin),
                     .offset = block.offset + static_cast<int64_t>(begin),
                     .line = line_number,
                     .is_line = true};
    Status fault;
    ARROW_RETURN_NOT_OK(judge_line(line, check, num_rows, fault));
    if (fault.ok()) continue;
    check.forget();
    if (line_is_open_) {
      const auto is_open = goes_on(text.substr(std::min(next, text.size())));
      const Status over_lines = goes_over_lines(walk_.file(), line);
      if (is_open == true) return over_lines;
      if (!is_open && !block.last) open_line_ = over_lines;
    }
    std::string_view bytes = text_of(line);
    if (bytes.ends_with('\r')) bytes.remove_suffix(1);
    bytes = kept_of(bytes);
    bad.push_back({.record = {std::move(fault), std::string(bytes)},
                   .num_rows_before = num_rows,
                   .offset = line.offset});
    std::memset(line.text, ' ', static_cast<size_t>(line.size));
  }
  check.forget();
  return Status::OK();
}

// Sets `fault` where the line is bad, and counts its rows where it is not. A line break
// in a text leaves no record open: no JSON has one there.
Status BlockSifter::judge_line(const Block& line, const RecordCheck& check,
                               int64_t& num_rows, Status& fault) {
  const int64_t num_rows_before = check.num_rows();
  line_is_open_ = false;
  const auto& accept = check.accept;
  RecordWalker walker(Framing::kSequence);
  const uint8_t behind = std::exchange(line.text[line.size], uint8_t{0});
  const Result<bool> well_formed = walk_.start(line);
  if (!well_formed.ok()) {
    fault = well_formed.status();
  } else if (!*well_formed) {
    fault = walk_.explain_refusal(line, walker, accept);
  } else if (!walk_.walk(walker, accept)) {
    fault = walk_.failure(line);
    line_is_open_ = walk_.record() >= 0 && walk_.failed_at_end();
  } else {
    num_rows += check.num_rows() - num_rows_before;
  }
  line.text[line.size] = behind;
  return fault.ok() || is_fault_of_record(fault) ? Status::OK() : fault;
}

Result<std::vector<int64_t>> BlockSifter::sift_values(const Block& block,
                                                      RecordWalker walker,
                                                      const RecordCheck& check,
                                                      std::vector<PlacedBadRecord>& bad) {
  std::vector<int64_t> offsets;
  int64_t num_rows = 0;
  Status failure;
  const auto accept = [&](Cursor& cursor) {
    const uint32_t* const record = cursor.token();
    const int64_t num_rows_before = check.num_rows();
    if (check.accept(cursor)) {
      num_rows += check.num_rows() - num_rows_before;
      return true;
    }
    failure = walk_.failure(block);
    check.forget();
    cursor.return_to(record);
    std::string_view bytes;
    if (!is_fault_of_record(failure) || !cursor.skip_value(bytes)) return false;
    bytes = kept_of(bytes);
    bad.push_back({.record = {std::exchange(failure, Status::OK()), std::string(bytes)},
                   .num_rows_before = num_rows,
                   .offset = block.offset + walk_.record()});
    offsets.push_back(walk_.record());
    return true;
  };
  ARROW_ASSIGN_OR_RAISE(const bool well_formed, walk_.start(block));
  if (!well_formed) return walk_.explain_refusal(block, walker, check.accept);
  if (!walk_.walk(walker, accept)) return failure.ok() ? walk_.failure(block) : failure;
  check.forget();
  return offsets;
}

}  // namespace velo::formats::json
