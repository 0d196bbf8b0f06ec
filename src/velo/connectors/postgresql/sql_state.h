#pragma once

#include <string>
#include <string_view>

#include "velo/error.h"

namespace velo::postgresql {

/// What kind of failure an SQLSTATE says. Exact codes come before their classes.
/// Source: PostgreSQL manual, Appendix A, PostgreSQL Error Codes.
ErrorKind classify_sql_state(std::string_view code);

/// What to do about one that says what is wrong, and no more; empty for others.
std::string_view advice_of_sql_state(std::string_view code);

/// A message of libpq's on one line, without its guesses, which begin with a tab.
std::string words_of_libpq(std::string_view message);

}  // namespace velo::postgresql
