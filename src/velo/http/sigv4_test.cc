#include "velo/http/sigv4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace velo::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

const Credentials kKeys = {
    .access_key_id = "AKIAIOSFODNN7EXAMPLE",
    .secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    .session_token = {}};
const SigningScope kScope = {.region = "us-east-1", .service = "s3"};
// 2013-05-24 00:00:00
constexpr std::chrono::system_clock::time_point kThen{std::chrono::seconds(1369353600)};

std::string authorization(Request request) {
  sign(request, kKeys, kScope, kThen);
  return request.headers.back().second;
}

// The examples of Amazon's "Signature Calculations for the Authorization Header:
// Transferring Payload in a Single Chunk".
TEST(SigV4, SignsAsAmazonsExamples) {
  EXPECT_EQ(authorization({.url = "https://examplebucket.s3.amazonaws.com/test.txt",
                           .headers = {{"Range", "bytes=0-9"}},
                           .text = {}}),
            "AWS4-HMAC-SHA256 "
            "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature="
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_THAT(
      authorization({.method = "PUT",
                     .url = "https://examplebucket.s3.amazonaws.com/test%24file.text",
                     .headers = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                                 {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                     .text = std::string("Welcome to Amazon S3.")}),
      EndsWith("=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
  EXPECT_THAT(
      authorization({.url = "https://examplebucket.s3.amazonaws.com/?lifecycle",
                     .headers = {},
                     .text = {}}),
      EndsWith("=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
  EXPECT_THAT(
      authorization({.url = "https://examplebucket.s3.amazonaws.com/?prefix=J&max-keys=2",
                     .headers = {},
                     .text = {}}),
      EndsWith("=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST(SigV4, SignsTheHostAsItIsSent) {
  const auto signature = [](const char* url) {
    return authorization({.url = url, .headers = {}, .text = {}});
  };
  EXPECT_EQ(signature("http://a:80/x"), signature("http://A/x"));
  EXPECT_EQ(signature("https://a:443/x"), signature("https://a/x"));
  EXPECT_NE(signature("http://a:8333/x"), signature("http://a/x"));
  EXPECT_EQ(signature("http://a"), signature("http://a/"));
}

TEST(SigV4, SendsTheTokenOfKeysThatEnd) {
  Request request{.url = "https://a/", .headers = {}, .text = {}};
  Credentials keys = kKeys;
  keys.session_token = "token";
  sign(request, keys, kScope, kThen);
  EXPECT_THAT(request.headers,
              testing::Contains(testing::Pair("x-amz-security-token", "token")));
  EXPECT_THAT(request.headers.back().second, HasSubstr(";x-amz-security-token,"));
}

}  // namespace
}  // namespace velo::http
