#pragma once

/// What stands around a SELECT:
///
///     script    := { [ statement ] ';' }
///     statement := create | insert | select | EXPLAIN statement | DESCRIBE (address |
///     name | select) create    := CREATE [OR REPLACE] (STREAM | TABLE) [IF NOT EXISTS]
///     name
///                  [WITH '(' option '=' value {',' option '=' value} ')']
///                  AS select [INSERT INTO address {',' address}]
///     insert    := INSERT INTO address {',' address} select
///     address   := scheme '(' string ')' | string
///     name      := word | quoted
///     value     := string | [-] number [word] | word
///     select    := whatever DuckDB says it is, up to ';' or to INSERT INTO outside
///     parentheses

#include <memory>
#include <string>
#include <vector>

#include "velo/sql/script.h"
#include "velo/uri.h"

namespace velo::sql {

/// The address of a source or a sink, where it stands in the script.
struct Address {
  Uri uri;
  size_t begin = 0;
};

struct PipelineOption {
  std::string name;  ///< lower case
  std::string value;
  size_t begin = 0;
};

struct Statement {
  enum class Kind : int8_t { kSelect, kInsert, kCreate, kDescribe };

  Kind kind = Kind::kSelect;
  bool explain = false;
  SqlText text;    ///< all of it
  SqlText select;  ///< empty for DESCRIBE of an address or a name
  std::vector<Address> sinks;

  // Of kCreate; of kDescribe `name` alone.
  std::string name;
  bool is_table = false;  ///< TABLE, not STREAM
  bool or_replace = false;
  bool if_not_exists = false;
  std::vector<PipelineOption> options;

  // Of kDescribe: what is described, if it is an address. At most one.
  std::vector<Address> sources;
};

/// Parse all statements of a script; what the SELECTs say is not looked at.
/// Errors: kInvalidArgument with the line and a caret.
Result<std::vector<Statement>> parse_statements(
    const std::shared_ptr<const Script>& script);

}  // namespace velo::sql
