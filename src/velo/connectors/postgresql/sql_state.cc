#include "velo/connectors/postgresql/sql_state.h"

#include <algorithm>
#include <array>

#include "velo/base/ascii.h"

namespace velo::postgresql {
namespace {

struct Kind {
  std::string_view code;  // of five characters, or a class of two
  ErrorKind kind;
};

constexpr std::array kExact = {
    Kind{"08P01", ErrorKind::kInternal},          // protocol violation
    Kind{"28P01", ErrorKind::kUnauthenticated},   // wrong password
    Kind{"3D000", ErrorKind::kNotFound},          // database
    Kind{"3F000", ErrorKind::kNotFound},          // schema
    Kind{"40001", ErrorKind::kTransient},         // serialization failure
    Kind{"40P01", ErrorKind::kTransient},         // deadlock
    Kind{"42501", ErrorKind::kPermissionDenied},  // insufficient privilege
    Kind{"42703", ErrorKind::kNotFound},          // column
    Kind{"42704", ErrorKind::kNotFound},          // object
    Kind{"42P01", ErrorKind::kNotFound},          // table
    Kind{"42P07", ErrorKind::kAlreadyExists},     // table
    Kind{"53100", ErrorKind::kSystem},            // disk full
    Kind{"53300", ErrorKind::kThrottled},         // too many connections
    Kind{"55P03", ErrorKind::kConflict},          // lock not available
    Kind{"57014", ErrorKind::kCancelled},         // query cancelled
    Kind{"57P03", ErrorKind::kTransient},         // server is starting
};

constexpr std::array kClasses = {
    Kind{"08", ErrorKind::kTransient},        // connection
    Kind{"0A", ErrorKind::kNotImplemented},   // feature not supported
    Kind{"22", ErrorKind::kCorruptData},      // data
    Kind{"23", ErrorKind::kSchemaMismatch},   // integrity constraint
    Kind{"25", ErrorKind::kInvalidArgument},  // transaction state, read-only
    Kind{"28", ErrorKind::kUnauthenticated},  // authorization
    Kind{"40", ErrorKind::kTransient},        // transaction rolled back
    Kind{"42", ErrorKind::kInvalidArgument},  // syntax, names, types
    Kind{"53", ErrorKind::kTransient},        // resources
    Kind{"54", ErrorKind::kSchemaMismatch},   // program limits
    Kind{"55", ErrorKind::kConflict},         // object state
    Kind{"57", ErrorKind::kTransient},        // operator intervention
    Kind{"58", ErrorKind::kSystem},           // the server's machine
};

}  // namespace

ErrorKind classify_sql_state(std::string_view code) {
  for (const Kind& exact : kExact) {
    if (code == exact.code) return exact.kind;
  }
  for (const Kind& each : kClasses) {
    if (code.starts_with(each.code)) return each.kind;
  }
  return code.empty() ? ErrorKind::kTransient : ErrorKind::kSystem;
}

std::string_view advice_of_sql_state(std::string_view code) {
  constexpr std::string_view kNotNullViolation = "23502";
  if (code != kNotNullViolation) return {};
  return "; the column is NOT NULL: give it a value in the SELECT (coalesce), or a "
         "default, or let the table go without (ALTER COLUMN … DROP NOT NULL), which "
         "on_schema_change = evolve does for columns that the rows do not have";
}

std::string words_of_libpq(std::string_view message) {
  std::string words;
  while (!message.empty()) {
    const size_t end = std::min(message.find('\n'), message.size());
    const std::string_view line = message.substr(0, end);
    message.remove_prefix(std::min(end + 1, message.size()));
    if (line.starts_with('\t') || trim(line).empty()) continue;
    words += words.empty() ? "" : "; ";
    words += trim(line);
  }
  return words;
}

}  // namespace velo::postgresql
