#pragma once

/// The words of SQL, as far as what stands around a SELECT needs them.
///
///     token    := word | quoted | string | number | symbol
///     word     := (letter | '_' | byte above 127) (letter | digit | '_' | '$' | byte
///     above 127)* quoted   := '"' (any but '"' | '""')* '"' string   := "'" (any but "'"
///     | "''")* "'"  |  [eE] "'" … with backslashes … "'"
///              |  '$' tag '$' … '$' tag '$'
///     number   := digit (letter | digit | '_' | '.')*
///     symbol   := any other byte
///     skipped  := white space | '--' to the end of the line | '/*' … '*/', which nest
///
/// Source: DuckDB's documentation, SQL Introduction; its lexer is PostgreSQL's.

#include <string>
#include <vector>

#include "velo/sql/script.h"

namespace velo::sql {

struct Token {
  enum class Kind : int8_t { kWord, kQuoted, kString, kNumber, kSymbol, kEnd };
  Kind kind = Kind::kEnd;
  size_t begin = 0;  ///< offset in the script
  size_t end = 0;    ///< exclusive
  /// Of kQuoted and kString what they stand for, else as written.
  std::string text;

  bool is_symbol(char symbol) const { return kind == Kind::kSymbol && text[0] == symbol; }
  /// Whether it is this keyword, given in upper case.
  bool is_word(std::string_view keyword) const;
};

/// Split a script into tokens; the last one is kEnd.
/// Errors: kInvalidArgument for a string, a name or a comment that does not end.
Result<std::vector<Token>> tokenize(const Script& script);

}  // namespace velo::sql
