#include "velo/storage/s3_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "velo/testing/closing_server.h"
#include "velo/testing/matchers.h"

namespace velo::storage {
namespace {

using testing::ClosingServer;
using testing::IsError;
using ::testing::StartsWith;

TEST(S3Client, SaysOfALostConnectionWhatWasAskedForAndWhere) {
  const ClosingServer store("");
  const auto client =
      S3Client::make({.bucket = "lake", .endpoint = store.endpoint()}).ValueOrDie();
  const std::string at = " at " + store.endpoint() + ": the connection is lost: ";
  EXPECT_THAT(client->send({.key = "shop/orders/data/1.parquet", .max_attempts = 1}),
              IsError(ErrorKind::kTransient,
                      StartsWith("s3://lake/shop/orders/data/1.parquet" + at)));
  EXPECT_THAT(client->send({.query = {{"list-type", "2"}, {"prefix", "shop/orders/"}},
                            .max_attempts = 1}),
              IsError(ErrorKind::kTransient, StartsWith("s3://lake/shop/orders/" + at)));
  EXPECT_THAT(client->send({.max_attempts = 1}),
              IsError(ErrorKind::kTransient, StartsWith("s3://lake/" + at)));
}

TEST(S3Client, SaysSoOfOneThatIsLostInTheMiddleOfAnObject) {
  const ClosingServer store("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
  const auto client =
      S3Client::make({.bucket = "lake", .endpoint = store.endpoint()}).ValueOrDie();
  const auto object = client->start({.key = "a.csv", .max_attempts = 1}, {}).ValueOrDie();
  EXPECT_EQ(object->read({}).ValueOrDie(), "half");
  EXPECT_THAT(object->read({}),
              IsError(ErrorKind::kTransient,
                      StartsWith("s3://lake/a.csv at " + store.endpoint() + ": the ")));
}

}  // namespace
}  // namespace velo::storage
