#pragma once

#include <string>

#include "velo/sql/script.h"

namespace velo::sql {

/// The text of a statement as a record keeps it: equal for two that differ in white
/// space, comments, the case of SQL's own words or passwords alone. On one line; what
/// sounds like a secret in an address is "***". A text that does not end what it quotes
/// stays as it is.
std::string canonical_text(const SqlText& text);

}  // namespace velo::sql
