#include "velo/storage/s3_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "velo/http/failure.h"
#include "velo/storage/xml.h"

namespace velo::storage {
namespace {

struct Kind {
  std::string_view code;
  ErrorKind kind;
};

constexpr std::array kKinds = {
    Kind{"AccessDenied", ErrorKind::kPermissionDenied},
    Kind{"AllAccessDisabled", ErrorKind::kPermissionDenied},
    Kind{"AuthorizationHeaderMalformed", ErrorKind::kInvalidArgument},
    Kind{"BadDigest", ErrorKind::kTransient},
    Kind{"ConditionalRequestConflict", ErrorKind::kTransient},
    Kind{"ExpiredToken", ErrorKind::kUnauthenticated},
    Kind{"IncompleteBody", ErrorKind::kTransient},
    Kind{"InternalError", ErrorKind::kTransient},
    Kind{"InvalidAccessKeyId", ErrorKind::kUnauthenticated},
    Kind{"InvalidObjectState", ErrorKind::kPermissionDenied},
    Kind{"InvalidToken", ErrorKind::kUnauthenticated},
    Kind{"NoSuchBucket", ErrorKind::kNotFound},
    Kind{"NoSuchKey", ErrorKind::kNotFound},
    Kind{"NoSuchUpload", ErrorKind::kNotFound},
    Kind{"NotImplemented", ErrorKind::kNotImplemented},
    Kind{"OperationAborted", ErrorKind::kTransient},
    Kind{"PermanentRedirect", ErrorKind::kInvalidArgument},
    Kind{"PreconditionFailed", ErrorKind::kConflict},
    Kind{"QuotaExceeded", ErrorKind::kSystem},
    Kind{"RequestTimeTooSkewed", ErrorKind::kUnauthenticated},
    Kind{"RequestTimeout", ErrorKind::kTransient},
    Kind{"ServiceUnavailable", ErrorKind::kThrottled},
    Kind{"SignatureDoesNotMatch", ErrorKind::kUnauthenticated},
    Kind{"SlowDown", ErrorKind::kThrottled},
    Kind{"TemporaryRedirect", ErrorKind::kInvalidArgument},
};

std::string_view words_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNotFound:
      return "it is not there";
    case ErrorKind::kPermissionDenied:
      return "access is denied";
    case ErrorKind::kConflict:
      return "it has changed";
    default:
      return "the request was refused";
  }
}

std::string_view advice_on(std::string_view code) {
  if (code == "NoSuchBucket") return "; make it, or look at its name";
  if (code == "InvalidAccessKeyId" || code == "SignatureDoesNotMatch") {
    return "; look at access_key_id and secret_access_key, or AWS_ACCESS_KEY_ID and "
           "AWS_SECRET_ACCESS_KEY";
  }
  if (code == "AuthorizationHeaderMalformed" || code == "PermanentRedirect") {
    return "; say the bucket's region=";
  }
  if (code == "RequestTimeTooSkewed") return "; set this machine's clock";
  return "";
}

}  // namespace

ErrorKind classify_s3_error(std::string_view code, int status) {
  const auto found = std::ranges::find(kKinds, code, &Kind::code);
  if (found != kKinds.end()) return found->kind;
  return status >= 300 && status < 400 ? ErrorKind::kInvalidArgument
                                       : http::classify_status(status);
}

bool is_s3_error(std::string_view body) {
  const auto document = decode_xml(body);
  return document.ok() && document->name == "Error";
}

Status s3_error(int status, std::string_view body, ErrorContext context) {
  const auto document = decode_xml(body);
  if (document.ok() && document->name == "Error") {
    const std::string_view code = document->text_of("Code");
    context.vendor_code = code;
    return make_error(
        classify_s3_error(code, status), std::move(context),
        fmt::format("{} ({}){}", document->text_of("Message"), code, advice_on(code)));
  }
  const ErrorKind kind = classify_s3_error("", status);
  context.vendor_code = std::to_string(status);
  return make_error(kind, std::move(context),
                    fmt::format("{} (HTTP status {})", words_of(kind), status));
}

}  // namespace velo::storage
