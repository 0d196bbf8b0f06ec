#include <fmt/format.h>

#include <algorithm>

#include "velo/base/glob.h"
#include "velo/base/utf8.h"

namespace velo {
namespace {

constexpr size_t kMaxPatternBytes = size_t{64} << 10;
constexpr int kMaxNestedBraces = 32;

}  // namespace

// Turns a pattern into the steps of a Glob.
class GlobParser {
 public:
  explicit GlobParser(std::string_view pattern) : pattern_(pattern) {}

  Result<Glob> parse();

 private:
  Status fail(size_t at, std::string message) const;
  Status parse_sequence();
  Status parse_item();
  Status parse_star();
  Status parse_class();
  Status parse_braces();
  CodePoint take_code_point();
  Result<char32_t> take_class_character(size_t begin);
  bool at_end() const { return at_ == pattern_.size(); }
  char peek() const { return at_end() ? '\0' : pattern_[at_]; }
  void add(Glob::StepKind kind, uint32_t value = 0, bool may_skip = false) {
    glob_.steps_.push_back({kind, value, may_skip});
  }
  uint32_t next_step() const { return static_cast<uint32_t>(glob_.steps_.size()); }

  std::string_view pattern_;
  size_t at_ = 0;
  int open_braces_ = 0;
  Glob glob_;
};

Status GlobParser::fail(size_t at, std::string message) const {
  return make_error(ErrorKind::kInvalidArgument,
                    {.resource = std::string(pattern_.substr(0, 200)),
                     .position = fmt::format("offset {}", at)},
                    std::move(message));
}

Result<Glob> GlobParser::parse() {
  if (pattern_.size() > kMaxPatternBytes) {
    return fail(kMaxPatternBytes, "a pattern has 64 KiB at most");
  }
  if (const size_t invalid = find_invalid_utf8(pattern_); invalid != pattern_.npos) {
    return fail(invalid, "this is not UTF-8");
  }
  ARROW_RETURN_NOT_OK(parse_sequence());
  add(Glob::StepKind::kEnd);
  glob_.literal_prefix_ = literal_prefix(pattern_);
  return std::move(glob_);
}

// Up to the end, or to the ',' or '}' that ends an alternative.
Status GlobParser::parse_sequence() {
  while (!at_end()) {
    if (open_braces_ > 0 && (peek() == ',' || peek() == '}')) break;
    ARROW_RETURN_NOT_OK(parse_item());
  }
  return Status::OK();
}

Status GlobParser::parse_item() {
  switch (peek()) {
    case '*':
      return parse_star();
    case '[':
      return parse_class();
    case '{':
      return parse_braces();
    case '\\':
      if (at_ + 1 < pattern_.size()) ++at_;
      break;
    default:
      break;
  }
  add(Glob::StepKind::kCharacter, take_code_point().value);
  return Status::OK();
}

Status GlobParser::parse_star() {
  const size_t begin = at_;
  const size_t end = std::min(pattern_.find_first_not_of('*', begin), pattern_.size());
  at_ = end;
  if (end - begin == 1) {
    add(Glob::StepKind::kName);
    return Status::OK();
  }
  const bool begins_part = begin == 0 || pattern_[begin - 1] == '/';
  const bool is_last = end == pattern_.size();
  if (end - begin > 2 || !begins_part || open_braces_ > 0 ||
      (!is_last && pattern_[end] != '/')) {
    return fail(
        begin,
        "'**' stands for directories, so it stands alone between slashes, outside "
        "braces: **/*.csv");
  }
  if (!is_last) ++at_;
  add(Glob::StepKind::kDirectory, 0, !is_last);
  add(Glob::StepKind::kInsideDirectory, 0, is_last);
  return Status::OK();
}

Status GlobParser::parse_class() {
  const size_t begin = at_++;
  Glob::Class characters;
  if (peek() == '!' || peek() == '^') {
    characters.negated = true;
    ++at_;
  }
  while (peek() != ']') {
    ARROW_ASSIGN_OR_RAISE(const char32_t first, take_class_character(begin));
    char32_t last = first;
    if (peek() == '-' && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != ']') {
      ++at_;
      ARROW_ASSIGN_OR_RAISE(last, take_class_character(begin));
    }
    if (last < first) return fail(begin, "this range ends before it begins");
    characters.ranges.emplace_back(first, last);
  }
  if (characters.ranges.empty())
    return fail(begin, "there is nothing between '[' and ']'");
  ++at_;
  add(Glob::StepKind::kClass, static_cast<uint32_t>(glob_.classes_.size()));
  glob_.classes_.push_back(std::move(characters));
  return Status::OK();
}

Result<char32_t> GlobParser::take_class_character(size_t begin) {
  if (peek() == '\\') ++at_;
  if (at_end() || peek() == '/') {
    return fail(begin, "']' is missing; a '[' itself is percent-encoded: %5B");
  }
  return take_code_point().value;
}

// {a,b,c}: fork to b, a, jump to the end; fork to c, b, jump to the end; c.
Status GlobParser::parse_braces() {
  const size_t begin = at_++;
  if (++open_braces_ > kMaxNestedBraces) return fail(begin, "too many nested braces");
  std::vector<uint32_t> jumps;
  while (true) {
    const uint32_t fork = next_step();
    add(Glob::StepKind::kFork);
    ARROW_RETURN_NOT_OK(parse_sequence());
    if (at_end()) {
      return fail(begin, "'}' is missing; a '{' itself is percent-encoded: %7B");
    }
    const bool is_last = pattern_[at_++] == '}';
    jumps.push_back(next_step());
    add(Glob::StepKind::kJump);
    glob_.steps_[fork].value = is_last ? fork + 1 : next_step();
    if (is_last) break;
  }
  for (const uint32_t jump : jumps) glob_.steps_[jump].value = next_step();
  --open_braces_;
  return Status::OK();
}

CodePoint GlobParser::take_code_point() {
  const CodePoint c = decode_code_point(pattern_.substr(at_));
  at_ += c.num_bytes;
  return c;
}

Result<Glob> Glob::parse(std::string_view pattern) { return GlobParser(pattern).parse(); }

}  // namespace velo
