#pragma once

/// Requests signed as AWS Signature Version 4 says. (The signer of Debian 12's libcurl,
/// 7.88, takes query strings as they stand, and cannot be tested by itself.)

#include <chrono>
#include <string>

#include "velo/http/client.h"

namespace velo::http {

/// Who asks.
struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  ///< empty for keys that last
};

/// What a signature is for.
struct SigningScope {
  std::string region;
  std::string service;
};

/// Add the headers that sign a request: x-amz-date, x-amz-content-sha256, with a token
/// x-amz-security-token, and authorization. All its headers are signed, and its text; the
/// path of its URL is encoded once, as for S3.
void sign(Request& request, const Credentials& credentials, const SigningScope& scope,
          std::chrono::system_clock::time_point now);

}  // namespace velo::http
