#pragma once

#include <string>
#include <vector>

#include "velo/error.h"
#include "velo/fileset/options.h"
#include "velo/options.h"
#include "velo/storage/s3_client.h"
#include "velo/uri.h"

namespace velo::s3 {

/// What an S3 URI and the environment say, checked. The pattern is one of keys: without a
/// slash at its beginning, empty for the whole bucket. The identity is the URI without
/// what says who asks.
struct S3Options : fileset::FilesetOptions {
  storage::S3Address address;

  /// Errors: kInvalidArgument, kNotImplemented, kUnauthenticated, naming the option.
  static Result<S3Options> from_uri(const Uri& uri, OptionUse use);

  static std::vector<OptionDescriptor> descriptors();
};

}  // namespace velo::s3
