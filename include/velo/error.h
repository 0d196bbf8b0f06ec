#pragma once

/// What went wrong, in terms that an engine, a command line and a person can act on.

#include <arrow/result.h>
#include <arrow/status.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace velo {

using Status = arrow::Status;
template <typename T>
using Result = arrow::Result<T>;

/// Kinds of failure. What the engine does for each stands in docs/design/errors.md; the
/// values are persisted in dead-letter records, so they are append only.
enum class ErrorKind : int8_t {
  kInvalidArgument = 0,     ///< a URI, an option, a statement that cannot be meant
  kNotFound = 1,            ///< a file, a table, a topic that is not there
  kAlreadyExists = 2,       ///< something is in the way
  kUnauthenticated = 3,     ///< who are you
  kPermissionDenied = 4,    ///< you may not
  kTransient = 5,           ///< trying again may help
  kThrottled = 6,           ///< trying again later will help
  kConflict = 7,            ///< somebody else was first; refresh and apply again
  kCommitStateUnknown = 8,  ///< it may have happened: delete nothing, ask on recovery
  kCommitLost = 9,          ///< what had been decided was taken away by others
  kFenced = 10,             ///< a newer run of this pipeline has taken over
  kPositionLost = 11,       ///< the place to resume from no longer exists
  kCorruptData = 12,        ///< bytes that do not say what their format demands
  kSchemaMismatch = 13,     ///< values or columns that do not fit the schema
  kCancelled = 14,          ///< a stop was asked for
  kNotImplemented = 15,     ///< known, and not done yet
  kInternal = 16,           ///< a bug in VeloStream
  kSystem = 17,             ///< the machine refuses: disk full, input/output error
};

/// The lower-case name of a kind, as it appears in JSON logs: "invalid_argument".
std::string_view to_string(ErrorKind kind);

/// Where it went wrong. Every field may be empty; none may hold a secret.
struct ErrorContext {
  std::string connector = {};    ///< "file", "kafka"
  std::string resource = {};     ///< a path, a table, a topic
  std::string position = {};     ///< "line 731, byte 40213", "column 4"
  std::string vendor_code = {};  ///< an SQLSTATE, an HTTP status, an errno name
  std::optional<std::chrono::milliseconds> retry_after = {};
};

/// Make a Status of this kind. Its arrow::StatusCode is the nearest one, its message is
/// "RESOURCE: POSITION: MESSAGE" with empty parts left out.
Status make_error(ErrorKind kind, ErrorContext context, std::string message);

/// The kind of a failed status; a plain Arrow status is mapped by its code.
/// An OK status is a programmer's error and answers kInternal.
ErrorKind kind_of(const Status& status);

/// The context of a failed status that make_error made, else nullptr.
/// Lives as long as the status.
const ErrorContext* context_of(const Status& status);

/// Whether trying the same call again may succeed: kTransient and kThrottled only.
bool is_retryable(const Status& status);

/// Put "PREFIX: " before the message; kind and context are kept.
Status annotate(Status status, std::string_view prefix);

}  // namespace velo
