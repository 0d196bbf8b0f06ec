#pragma once

/// What our own side reads in a SELECT's tree, which DuckDB's serialiser made: the names
/// it reads from, and whether it is simple enough to need no engine.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "velo/error.h"
#include "velo/source.h"

namespace velo::sql {

/// A constant, as DuckDB's parser sees it.
struct Literal {
  enum class Kind : int8_t {
    kInteger,    ///< integer
    kDecimal,    ///< integer · 10^-scale
    kText,       ///< text
    kBool,       ///< integer: 0 or 1
    kDate,       ///< DATE 'text'
    kTimestamp,  ///< TIMESTAMP 'text'
  };
  Kind kind = Kind::kInteger;
  int64_t integer = 0;
  int32_t scale = 0;
  std::string text;
};

/// column OP literal; IS NULL and IS NOT NULL have none.
struct SimpleTerm {
  std::string column;
  Comparison::Operator op = Comparison::Operator::kEqual;
  std::optional<Literal> literal;
};

struct SimpleColumn {
  std::string name;
  std::string alias;  ///< "" for none
};

/// SELECT columns | * FROM f('…') [WHERE terms joined by AND] [LIMIT n]
struct SimpleSelect {
  std::string scheme;  ///< "" where a quoted name stands for the whole address
  std::string address;
  bool all_columns = false;
  std::vector<SimpleColumn> columns;
  std::vector<SimpleTerm> terms;
  std::optional<int64_t> limit;
};

/// f('…') where a table stands.
struct SelectAddress {
  std::string scheme;
  std::string address;
  bool operator==(const SelectAddress&) const = default;
};

struct SelectTree {
  /// The names that stand where a table does, each once: earlier statements, addresses in
  /// quotes, and what WITH names.
  std::vector<std::string> tables;
  std::vector<SelectAddress> addresses;  ///< in their order, each once
  /// Set where the SELECT has that shape and nothing else. It may still be of no use: its
  /// columns and literals have not been looked at.
  std::optional<SimpleSelect> simple;
  /// What it may have that a simple one has not, as users call it: "GROUP BY".
  std::string beyond_simple;
  /// Whether a star stands for columns somewhere, perhaps not for all of them (EXCLUDE).
  bool has_star = false;
};

/// Read the JSON that json_serialize_sql made. What it does not know makes a SELECT not
/// simple. Errors: kInternal for what is not such JSON; kInvalidArgument for no SELECT or
/// several.
Result<SelectTree> read_select_tree(std::string_view json);

}  // namespace velo::sql
