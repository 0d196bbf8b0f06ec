#pragma once

#include <string>
#include <string_view>

#include "velo/error.h"

namespace velo::clickhouse {

/// An exception of the server, as it is told in a body: "Code: 60. DB::Exception: …".
struct ServerError {
  int code = 0;       ///< 0 where the text is not of this shape
  std::string words;  ///< without the code and the server's version
};

ServerError parse_server_error(std::string_view text);

/// The exception that ends a body in its middle, which is told after its first rows;
/// `tag` is the header X-ClickHouse-Exception-Tag. Its code is 0 where there is none.
ServerError find_server_error(std::string_view body, std::string_view tag);

/// What kind of failure a code says. Source: ClickHouse's ErrorCodes.cpp.
ErrorKind classify_server_error(int code);

inline constexpr int kTableIsThere = 57;
inline constexpr int kUnknownTable = 60;
inline constexpr int kUnknownDatabase = 81;
inline constexpr int kThrowIf = 395;
inline constexpr int kTableNotEmpty = 705;

}  // namespace velo::clickhouse
