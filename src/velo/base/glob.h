#pragma once

/// Patterns for paths, as Uri::path holds them:
///
///     *        any characters of one name, not '/'
///     **       as a whole part between slashes: any number of directories, also none;
///              at the end of a pattern, everything below
///     [a-z]    one of these characters; [!a-z] or [^a-z] one that is not among them
///     {a,b}    either; may be nested, and hold slashes
///     \c       the character c itself
///
/// '?' stands for itself. What is not written out never matches a '.' at the beginning of
/// a name: hidden files must be named. Characters are Unicode code points.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "velo/error.h"

namespace velo {

/// Whether a pattern has anything but literal characters: else it names one path, which
/// is literal_path(pattern).
bool has_glob(std::string_view pattern);

/// A pattern's characters without the backslashes that make them literal.
std::string literal_path(std::string_view pattern);

/// The text that every path begins with that the pattern matches: "/data/2024-" of
/// "/data/2024-*.csv".
std::string literal_prefix(std::string_view pattern);

/// The pattern that matches exactly this text.
std::string escape_glob(std::string_view literal);

/// A parsed pattern. Immutable; reading it is thread-safe. Matching takes at most time
/// proportional to the pattern's length times the path's.
class Glob {
 public:
  /// Errors: kInvalidArgument with the offset in the pattern: an open bracket, an empty
  /// or reversed range, '**' beside other characters, what is not UTF-8. (Paths may be
  /// any bytes.)
  static Result<Glob> parse(std::string_view pattern);

  /// Whether the whole path matches. Paths are compared as text: "./a" is not "a".
  bool matches(std::string_view path) const;

  /// Whether some path below this directory could match. False means that listing the
  /// directory is of no use.
  bool may_match_below(std::string_view directory) const;

  /// The directory in which, or below which, all matching paths are: "/data" of
  /// "/data/2024-*.csv", "/" of "/*", "" where it is the current directory.
  std::string literal_prefix_directory() const;

 private:
  friend class GlobParser;

  // The pattern is a machine that is in several states at once; a state is an index of
  // steps_, and the last step is the end.
  enum class StepKind : int8_t {
    kCharacter,        // `value`, then the next step
    kClass,            // classes_[value], then the next step
    kName,             // stays for any character of a name; the next step at once, too
    kDirectory,        // before a name; its first character leads to the next step
    kInsideDirectory,  // stays in the name; '/' leads back to the step before
    kFork,             // the next step and step `value`, both at once
    kJump,             // step `value` at once
    kEnd,
  };
  struct Step {
    StepKind kind;
    uint32_t value = 0;
    // kDirectory: the name may be left out; kInsideDirectory: it may be the last one.
    bool may_skip = false;
  };
  struct Class {
    bool negated = false;
    std::vector<std::pair<char32_t, char32_t>> ranges;  // inclusive
  };
  struct State {
    uint32_t step;
    // Whether a '*' came before that has matched nothing since the last character. At the
    // beginning of a name no '.' may follow it.
    bool after_empty_name;
  };
  class States;

  Glob() = default;
  States run(std::string_view path) const;
  void advance(State state, char32_t c, bool begins_name, States& next) const;
  void enter(uint32_t step, States& states) const;
  static bool has_character(const Class& characters, char32_t c);

  std::vector<Step> steps_;
  std::vector<Class> classes_;
  std::string literal_prefix_;
};

}  // namespace velo
