#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "velo/base/utf8.h"
#include "velo/sql/statement.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// The statements follow each other, and each SELECT lies within its own.
void check_statements(const velo::sql::Script& script,
                      const std::vector<velo::sql::Statement>& statements) {
  size_t at = 0;
  for (const velo::sql::Statement& statement : statements) {
    require(statement.text.begin >= at && statement.text.begin < statement.text.end);
    at = statement.text.end;
    require(at <= script.text().size());
    if (!statement.select.script) continue;
    require(statement.select.begin >= statement.text.begin &&
            statement.select.begin < statement.select.end && statement.select.end <= at);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto script = std::make_shared<const velo::sql::Script>(
      "a.sql", std::string(reinterpret_cast<const char*>(data), size));
  const auto statements = velo::sql::parse_statements(script);
  if (statements.ok()) {
    check_statements(*script, *statements);
  } else {
    require(velo::find_invalid_utf8(statements.status().message()) == std::string::npos);
  }
  return 0;
}
