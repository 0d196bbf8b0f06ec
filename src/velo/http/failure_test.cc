#include "velo/http/failure.h"

#include <curl/curl.h>
#include <gtest/gtest.h>

namespace velo::http {
namespace {

TEST(HttpFailure, StatusesHaveKinds) {
  EXPECT_EQ(classify_status(400), ErrorKind::kInvalidArgument);
  EXPECT_EQ(classify_status(401), ErrorKind::kUnauthenticated);
  EXPECT_EQ(classify_status(403), ErrorKind::kPermissionDenied);
  EXPECT_EQ(classify_status(404), ErrorKind::kNotFound);
  EXPECT_EQ(classify_status(412), ErrorKind::kConflict);
  EXPECT_EQ(classify_status(418), ErrorKind::kInvalidArgument);
  EXPECT_EQ(classify_status(429), ErrorKind::kThrottled);
  EXPECT_EQ(classify_status(500), ErrorKind::kTransient);
  EXPECT_EQ(classify_status(503), ErrorKind::kThrottled);
  EXPECT_EQ(classify_status(599), ErrorKind::kSystem);
}

TEST(HttpFailure, CurlCodesHaveKinds) {
  EXPECT_EQ(classify_curl_code(CURLE_COULDNT_CONNECT), ErrorKind::kTransient);
  EXPECT_EQ(classify_curl_code(CURLE_GOT_NOTHING), ErrorKind::kTransient);
  EXPECT_EQ(classify_curl_code(CURLE_URL_MALFORMAT), ErrorKind::kInvalidArgument);
  EXPECT_EQ(classify_curl_code(CURLE_PEER_FAILED_VERIFICATION),
            ErrorKind::kUnauthenticated);
  EXPECT_EQ(classify_curl_code(CURLE_SSL_CACERT_BADFILE), ErrorKind::kNotFound);
}

}  // namespace
}  // namespace velo::http
