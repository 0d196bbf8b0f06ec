#include "velo/http/failure.h"

#include <curl/curl.h>

namespace velo::http {

ErrorKind classify_status(int status) {
  switch (status) {
    case 400:
    case 405:
    case 411:
    case 413:
    case 414:
    case 422:
      return ErrorKind::kInvalidArgument;
    case 401:
    case 407:
      return ErrorKind::kUnauthenticated;
    case 403:
      return ErrorKind::kPermissionDenied;
    case 404:
    case 410:
      return ErrorKind::kNotFound;
    case 408:
    case 425:
    case 500:
    case 502:
    case 504:
      return ErrorKind::kTransient;
    case 409:
    case 412:
      return ErrorKind::kConflict;
    case 429:
    case 503:
      return ErrorKind::kThrottled;
    case 501:
      return ErrorKind::kNotImplemented;
    case 507:
      return ErrorKind::kSystem;
    default:
      return status < 500 ? ErrorKind::kInvalidArgument : ErrorKind::kSystem;
  }
}

ErrorKind classify_curl_code(int code) {
  switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_NOT_BUILT_IN:
    case CURLE_UNKNOWN_OPTION:
      return ErrorKind::kInvalidArgument;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_LOGIN_DENIED:
      return ErrorKind::kUnauthenticated;
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
      return ErrorKind::kNotFound;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
      return ErrorKind::kSystem;
    case CURLE_ABORTED_BY_CALLBACK:
      return ErrorKind::kCancelled;
    default:
      return ErrorKind::kTransient;
  }
}

}  // namespace velo::http
