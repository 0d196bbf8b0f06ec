#pragma once

/// What S3 answers with, and is told, as XML. Source: Amazon S3 API Reference.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "velo/error.h"
#include "velo/storage/s3_bucket.h"

namespace velo::storage {

/// Of ListObjectsV2 and ListMultipartUploads, one page, with `encoding-type=url`.
struct ObjectListing {
  std::vector<S3Object> objects;
  std::string continuation;  ///< empty: that was all
};
struct UploadListing {
  std::vector<S3Upload> uploads;
  bool is_truncated = false;
  std::string next_key;  ///< of the next page, where the store tells
  std::string next_id;
};

/// Errors: kCorruptData.
Result<ObjectListing> decode_object_listing(std::string_view text);
Result<UploadListing> decode_upload_listing(std::string_view text);

/// The id in the answer to CreateMultipartUpload. Errors: kCorruptData.
Result<std::string> decode_new_upload(std::string_view text);

/// What CompleteMultipartUpload is told: the parts' ETags, from part 1.
std::string encode_parts(std::span<const std::string> part_etags);

}  // namespace velo::storage
