#include "velo/connectors/clickhouse/server_error.h"

#include <array>
#include <charconv>

#include "velo/base/ascii.h"

namespace velo::clickhouse {
namespace {

struct Kind {
  int code;
  ErrorKind kind;
};

constexpr std::array kKinds = {
    Kind{6, ErrorKind::kCorruptData},       // cannot parse text
    Kind{16, ErrorKind::kNotFound},         // no such column in table
    Kind{20, ErrorKind::kSchemaMismatch},   // number of columns does not match
    Kind{26, ErrorKind::kCorruptData},      // cannot parse quoted string
    Kind{27, ErrorKind::kCorruptData},      // cannot parse input
    Kind{33, ErrorKind::kCorruptData},      // cannot read all data
    Kind{36, ErrorKind::kInvalidArgument},  // bad arguments
    Kind{42, ErrorKind::kInvalidArgument},  // number of arguments
    Kind{43, ErrorKind::kInvalidArgument},  // illegal type of argument
    Kind{44, ErrorKind::kInvalidArgument},  // illegal column
    Kind{46, ErrorKind::kInvalidArgument},  // unknown function
    Kind{47, ErrorKind::kInvalidArgument},  // unknown identifier
    Kind{48, ErrorKind::kNotImplemented},   // not implemented
    Kind{50, ErrorKind::kInvalidArgument},  // unknown type
    Kind{53, ErrorKind::kSchemaMismatch},   // type mismatch
    Kind{56, ErrorKind::kInvalidArgument},  // unknown storage
    Kind{kTableIsThere, ErrorKind::kAlreadyExists},
    Kind{kUnknownTable, ErrorKind::kNotFound},
    Kind{62, ErrorKind::kInvalidArgument},  // syntax error
    Kind{69, ErrorKind::kSchemaMismatch},   // argument out of bound
    Kind{70, ErrorKind::kSchemaMismatch},   // cannot convert type
    Kind{kUnknownDatabase, ErrorKind::kNotFound},
    Kind{82, ErrorKind::kAlreadyExists},      // database
    Kind{115, ErrorKind::kInvalidArgument},   // unknown setting
    Kind{159, ErrorKind::kTransient},         // timeout exceeded
    Kind{164, ErrorKind::kPermissionDenied},  // readonly
    Kind{192, ErrorKind::kUnauthenticated},   // unknown user
    Kind{193, ErrorKind::kUnauthenticated},   // wrong password
    Kind{194, ErrorKind::kUnauthenticated},   // required password
    Kind{195, ErrorKind::kPermissionDenied},  // address not allowed
    Kind{202, ErrorKind::kThrottled},         // too many simultaneous queries
    Kind{209, ErrorKind::kTransient},         // socket timeout
    Kind{210, ErrorKind::kTransient},         // network error
    Kind{241, ErrorKind::kThrottled},         // memory limit exceeded
    Kind{242, ErrorKind::kPermissionDenied},  // table is read-only
    Kind{252, ErrorKind::kThrottled},         // too many parts
    Kind{279, ErrorKind::kTransient},         // all connection tries failed
    Kind{349, ErrorKind::kSchemaMismatch},    // cannot insert NULL
    Kind{394, ErrorKind::kTransient},         // query was cancelled
    Kind{kThrowIf, ErrorKind::kInvalidArgument},
    Kind{497, ErrorKind::kPermissionDenied},  // access denied
    Kind{516, ErrorKind::kUnauthenticated},   // authentication failed
};

constexpr std::string_view kMarker = "__exception__\r\n";

}  // namespace

ErrorKind classify_server_error(int code) {
  for (const Kind& each : kKinds) {
    if (each.code == code) return each.kind;
  }
  return ErrorKind::kSystem;
}

ServerError parse_server_error(std::string_view text) {
  ServerError error;
  text = trim(text);
  constexpr std::string_view kBegin = "Code: ";
  constexpr std::string_view kAfterCode = "DB::Exception: ";
  if (text.starts_with(kBegin)) {
    text.remove_prefix(kBegin.size());
    const auto [end, failed] =
        std::from_chars(text.data(), text.data() + text.size(), error.code);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    const size_t words = text.find(kAfterCode);
    if (words != std::string_view::npos) text.remove_prefix(words + kAfterCode.size());
  }
  const size_t version = text.rfind("(version ");
  if (version != std::string_view::npos) text = trim(text.substr(0, version));
  error.words = text;
  return error;
}

ServerError find_server_error(std::string_view body, std::string_view tag) {
  const std::string marker = std::string(kMarker) + std::string(tag) + "\r\n";
  const size_t begin = tag.empty() ? std::string_view::npos : body.find(marker);
  if (begin == std::string_view::npos) return {};
  body.remove_prefix(begin + marker.size());
  // Its end: the size of the text, the tag and the marker again.
  const size_t end = body.rfind('\n', body.rfind(tag));
  return parse_server_error(body.substr(0, end));
}

}  // namespace velo::clickhouse
