#include "velo/storage/s3_listing.h"

#include <gtest/gtest.h>

#include "velo/storage/s3_error.h"
#include "velo/testing/matchers.h"

namespace velo::storage {
namespace {

using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

TEST(S3Listing, ObjectsAndWhereToGoOn) {
  const auto listing = decode_object_listing(
      "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
      "<Contents><Key>k/sp+ace%2B%C3%BC</Key><ETag>&#34;9dd4&#34;</ETag><Size>17</Size>"
      "<LastModified>2026-11-22T19:18:21Z</LastModified></Contents>"
      "<NextContinuationToken>k&#39;</NextContinuationToken></ListBucketResult>");
  ASSERT_THAT(listing, IsOk());
  ASSERT_EQ(listing->objects.size(), 1U);
  EXPECT_EQ(listing->objects[0].key, "k/sp ace+\xC3\xBC");
  EXPECT_EQ(listing->objects[0].etag, "\"9dd4\"");
  EXPECT_EQ(listing->objects[0].num_bytes, 17U);
  EXPECT_EQ(listing->objects[0].modified, "2026-11-22T19:18:21Z");
  EXPECT_EQ(listing->continuation, "k'");
}

TEST(S3Listing, KeysOfStoresThatDoNotEncodeThem) {
  const auto listing = decode_object_listing(
      "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a+b%20</Key>"
      "<Size>0</Size></Contents></ListBucketResult>");
  ASSERT_THAT(listing, IsOk());
  EXPECT_EQ(listing->objects[0].key, "a+b%20");
  EXPECT_EQ(listing->continuation, "");
}

TEST(S3Listing, RefusesWhatLacksSomething) {
  const char* broken[] = {
      "<Other/>",
      "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
      "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>",
      "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents>"
      "</ListBucketResult>",
      "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"};
  for (const char* text : broken) {
    EXPECT_THAT(decode_object_listing(text),
                IsError(ErrorKind::kCorruptData, HasSubstr("not understood")))
        << text;
  }
  EXPECT_THAT(decode_new_upload("<InitiateMultipartUploadResult/>"),
              IsError(ErrorKind::kCorruptData, HasSubstr("without an id")));
}

TEST(S3Listing, Uploads) {
  const auto listing = decode_upload_listing(
      "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>"
      "<NextKeyMarker>b</NextKeyMarker><NextUploadIdMarker>2</NextUploadIdMarker>"
      "<Upload><Key>a</Key><UploadId>1</UploadId></Upload>"
      "<Upload><Key>b</Key><UploadId>2</UploadId></Upload>"
      "</ListMultipartUploadsResult>");
  ASSERT_THAT(listing, IsOk());
  ASSERT_EQ(listing->uploads.size(), 2U);
  EXPECT_EQ(listing->uploads[1].key, "b");
  EXPECT_EQ(listing->uploads[1].id, "2");
  EXPECT_TRUE(listing->is_truncated);
  EXPECT_EQ(listing->next_key, "b");
  EXPECT_EQ(listing->next_id, "2");
}

TEST(S3Listing, PartsAreToldInOrder) {
  const std::string etags[] = {"\"a\"", "\"b\""};
  EXPECT_EQ(encode_parts(etags),
            "<CompleteMultipartUpload>"
            "<Part><PartNumber>1</PartNumber><ETag>&quot;a&quot;</ETag></Part>"
            "<Part><PartNumber>2</PartNumber><ETag>&quot;b&quot;</ETag></Part>"
            "</CompleteMultipartUpload>");
}

TEST(S3Errors, HaveKindsAndWords) {
  const struct {
    int status;
    const char* body;
    ErrorKind kind;
    const char* words;
  } cases[] = {
      {404,
       "<?xml version=\"1.0\"?><Error><Code>NoSuchBucket</Code><Message>It is "
       "not</Message></Error>",
       ErrorKind::kNotFound, "s3://b/: It is not (NoSuchBucket); make it"},
      {403, "<Error><Code>SignatureDoesNotMatch</Code></Error>",
       ErrorKind::kUnauthenticated, "look at access_key_id"},
      {503, "<Error><Code>SlowDown</Code></Error>", ErrorKind::kThrottled, "SlowDown"},
      {200, "<Error><Code>InternalError</Code></Error>", ErrorKind::kTransient,
       "InternalError"},
      {409, "<Error><Code>ConditionalRequestConflict</Code></Error>",
       ErrorKind::kTransient, "ConditionalRequestConflict"},
      {412, "", ErrorKind::kConflict, "it has changed (HTTP status 412)"},
      {404, "", ErrorKind::kNotFound, "it is not there (HTTP status 404)"},
      {301, "", ErrorKind::kInvalidArgument, "HTTP status 301"},
      {502, "<html>", ErrorKind::kTransient, "HTTP status 502"},
  };
  for (const auto& one : cases) {
    EXPECT_THAT(s3_error(one.status, one.body, {.resource = "s3://b/"}),
                IsError(one.kind, HasSubstr(one.words)));
  }
  EXPECT_TRUE(is_s3_error(" <Error><Code>InternalError</Code></Error>"));
  EXPECT_FALSE(is_s3_error("<CompleteMultipartUploadResult/>"));
  EXPECT_FALSE(is_s3_error(""));
}

}  // namespace
}  // namespace velo::storage
