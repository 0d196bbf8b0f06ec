#include "velo/fileset/file_part.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "velo/base/parse_number.h"

namespace velo::fileset {
namespace {

// No name of a file has it: there a percent sign begins an escape of two hex digits.
constexpr std::string_view kFrom = "%from=";
constexpr uint64_t kMostParts = 1024;

std::optional<FilePart> parse_part(std::string_view text) {
  const size_t plus = text.find('+');
  if (plus == std::string_view::npos) return std::nullopt;
  const auto begin = parse_number<uint64_t>(text.substr(0, plus));
  const auto num_bytes = parse_number<uint64_t>(text.substr(plus + 1));
  if (!begin || !num_bytes || *num_bytes == 0) return std::nullopt;
  return FilePart{.begin = *begin, .num_bytes = *num_bytes};
}

}  // namespace

SplitId name_of(const FileSplit& split) {
  if (!split.part) return split.file;
  return fmt::format("{}{}{}+{}", split.file, kFrom, split.part->begin,
                     split.part->num_bytes);
}

FileSplit parse_file_split(const SplitId& name) {
  const size_t from = name.rfind(kFrom);
  if (from == SplitId::npos) return {.file = name, .part = {}};
  const auto part = parse_part(std::string_view(name).substr(from + kFrom.size()));
  if (!part) return {.file = name, .part = {}};
  return {.file = name.substr(0, from), .part = part};
}

std::vector<FilePart> cut_into_parts(uint64_t num_bytes, uint64_t part_bytes) {
  std::vector<FilePart> parts;
  for (uint64_t begin = 0; begin < num_bytes; begin += part_bytes) {
    parts.push_back({.begin = begin, .num_bytes = part_bytes});
  }
  return parts;
}

uint64_t part_bytes_for(uint64_t num_bytes, uint64_t wanted) {
  return std::max(wanted, (num_bytes + kMostParts - 1) / kMostParts);
}

}  // namespace velo::fileset
