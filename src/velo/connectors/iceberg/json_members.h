#pragma once

/// Members of JSON objects that other programs have written.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "velo/error.h"

namespace velo::iceberg {

using Json = nlohmann::ordered_json;

/// Parse a text. Errors: kCorruptData naming `name`.
Result<Json> parse_json(std::string_view name, std::string_view text);

/// Reads members of an object; the first that is missing, or of another type, is kept in
/// mind. Lives no longer than the object. Threads: thread-compatible.
class JsonMembers {
 public:
  explicit JsonMembers(const Json& object) : object_(object) {}

  /// Whether it is there and not null.
  bool has(const char* name) const;

  std::string text(const char* name);
  int64_t number(const char* name);
  bool boolean(const char* name);
  const Json& list(const char* name);
  const Json& object(const char* name);

  /// The same of what need not be there.
  std::string text_or(const char* name, std::string otherwise);
  std::optional<int64_t> number_if_there(const char* name);
  const Json& list_or_empty(const char* name);
  const Json& object_or_empty(const char* name);

  /// Errors: kCorruptData naming `name` and the first member that could not be read.
  Status status(std::string_view name) const;

 private:
  using Check = bool (Json::*)() const noexcept;
  const Json* find(const char* name, Check is_right);

  const Json& object_;
  std::string failed_;
};

/// As text, whatever bytes its texts hold.
std::string text_of_json(const Json& json);

}  // namespace velo::iceberg
