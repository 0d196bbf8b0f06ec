#pragma once

/// The path of a URI between its two spellings: percent-encoded text, and the glob
/// pattern that Uri::path holds.

#include <string>
#include <string_view>
#include <utility>

namespace velo {

/// Turns the characters of a path's text, first to last, into a glob pattern: a character
/// that came percent-encoded stands for itself, so where globs would give it a meaning it
/// is escaped by a backslash. An encoded '/' is escaped too: it separates nothing.
class PathPattern {
 public:
  /// A character written as it is. A backslash stands for itself.
  void append_raw(char c);
  /// A character written percent-encoded.
  void append_decoded(char c);

  std::string take() && { return std::move(pattern_); }

 private:
  bool has_meaning_here(char c) const;

  std::string pattern_;
  bool in_class_ = false;  // between '[' and ']'
  int open_braces_ = 0;
};

/// The text of a pattern: what stands for itself only because of a backslash, and what a
/// URI's text cannot hold, is percent-encoded.
std::string encode_path(std::string_view pattern);

}  // namespace velo
