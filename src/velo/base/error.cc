#include "velo/error.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace velo {
namespace {

constexpr char kDetailTypeId[] = "velo::ErrorDetail";

class ErrorDetail : public arrow::StatusDetail {
 public:
  ErrorDetail(ErrorKind kind, ErrorContext context)
      : kind_(kind), context_(std::move(context)) {}

  const char* type_id() const override { return kDetailTypeId; }
  std::string ToString() const override {
    return fmt::format("[{}]", velo::to_string(kind_));
  }
  ErrorKind kind() const { return kind_; }
  const ErrorContext& context() const { return context_; }

 private:
  ErrorKind kind_;
  ErrorContext context_;
};

constexpr std::array<std::string_view, 18> kKindNames = {"invalid_argument",
                                                         "not_found",
                                                         "already_exists",
                                                         "unauthenticated",
                                                         "permission_denied",
                                                         "transient",
                                                         "throttled",
                                                         "conflict",
                                                         "commit_state_unknown",
                                                         "commit_lost",
                                                         "fenced",
                                                         "position_lost",
                                                         "corrupt_data",
                                                         "schema_mismatch",
                                                         "cancelled",
                                                         "not_implemented",
                                                         "internal",
                                                         "system"};

arrow::StatusCode nearest_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
    case ErrorKind::kCorruptData:
      return arrow::StatusCode::Invalid;
    case ErrorKind::kNotFound:
      return arrow::StatusCode::KeyError;
    case ErrorKind::kAlreadyExists:
      return arrow::StatusCode::AlreadyExists;
    case ErrorKind::kSchemaMismatch:
      return arrow::StatusCode::TypeError;
    case ErrorKind::kCancelled:
      return arrow::StatusCode::Cancelled;
    case ErrorKind::kNotImplemented:
      return arrow::StatusCode::NotImplemented;
    case ErrorKind::kInternal:
      return arrow::StatusCode::UnknownError;
    default:
      return arrow::StatusCode::IOError;
  }
}

ErrorKind kind_of_code(arrow::StatusCode code) {
  switch (code) {
    case arrow::StatusCode::Invalid:
    case arrow::StatusCode::IndexError:
    case arrow::StatusCode::SerializationError:
      return ErrorKind::kCorruptData;
    case arrow::StatusCode::KeyError:
      return ErrorKind::kNotFound;
    case arrow::StatusCode::TypeError:
      return ErrorKind::kSchemaMismatch;
    case arrow::StatusCode::AlreadyExists:
      return ErrorKind::kAlreadyExists;
    case arrow::StatusCode::Cancelled:
      return ErrorKind::kCancelled;
    case arrow::StatusCode::NotImplemented:
      return ErrorKind::kNotImplemented;
    case arrow::StatusCode::IOError:
    case arrow::StatusCode::OutOfMemory:
    case arrow::StatusCode::CapacityError:
      return ErrorKind::kSystem;
    default:
      return ErrorKind::kInternal;
  }
}

const ErrorDetail* detail_of(const Status& status) {
  const auto& detail = status.detail();
  if (!detail || std::string_view(detail->type_id()) != kDetailTypeId) return nullptr;
  return static_cast<const ErrorDetail*>(detail.get());
}

}  // namespace

std::string_view to_string(ErrorKind kind) {
  return kKindNames.at(static_cast<size_t>(kind));
}

Status make_error(ErrorKind kind, ErrorContext context, std::string message) {
  std::string text;
  for (const auto* part : {&context.resource, &context.position}) {
    if (!part->empty()) text += *part + ": ";
  }
  text += message;
  return {nearest_code(kind), std::move(text),
          std::make_shared<ErrorDetail>(kind, std::move(context))};
}

ErrorKind kind_of(const Status& status) {
  if (const ErrorDetail* detail = detail_of(status)) return detail->kind();
  return kind_of_code(status.code());
}

const ErrorContext* context_of(const Status& status) {
  const ErrorDetail* detail = detail_of(status);
  return detail ? &detail->context() : nullptr;
}

bool is_retryable(const Status& status) {
  const ErrorKind kind = kind_of(status);
  return kind == ErrorKind::kTransient || kind == ErrorKind::kThrottled;
}

Status annotate(Status status, std::string_view prefix) {
  if (status.ok()) return status;
  return status.WithMessage(prefix, ": ", status.message());
}

}  // namespace velo
