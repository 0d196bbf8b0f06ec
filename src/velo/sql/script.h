#pragma once

/// The text that statements come from, and messages that point into it.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "velo/error.h"

namespace velo::sql {

/// A text of statements under the name that messages call it. Immutable.
class Script {
 public:
  Script(std::string name, std::string text)
      : name_(std::move(name)), text_(std::move(text)) {}

  std::string_view text() const { return text_; }

  /// "quickstart.sql:4:18": line and column, counted in characters from 1.
  std::string place_of(size_t offset) const;

  /// Make an error that shows the line of the byte at `offset` with a caret under it:
  ///
  ///     quickstart.sql:4:18: MESSAGE
  ///       SELECT id totl FROM
  ///                      ^
  Status error_at(size_t offset, ErrorKind kind, std::string_view message) const;

 private:
  std::string name_;
  std::string text_;
};

/// The text with `***` for the passwords of addresses, and for the values of their
/// options that sound like secrets.
std::string without_secrets(std::string_view text);

/// A part of a script.
struct SqlText {
  std::shared_ptr<const Script> script;
  size_t begin = 0;
  size_t end = 0;  ///< exclusive

  std::string_view text() const { return script->text().substr(begin, end - begin); }

  /// As Script::error_at, with an offset into text().
  Status error_at(size_t offset, ErrorKind kind, std::string_view message) const {
    return script->error_at(begin + offset, kind, message);
  }
};

}  // namespace velo::sql
